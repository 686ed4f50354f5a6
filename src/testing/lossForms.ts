/** The three forms of a loss over rows, compared. */
import type { AnyLoss } from '../loss.ts';
import type { Reduction } from '../ops/rowReduction.ts';
import type { HostTensor } from '../tensor.ts';
import type { HostBatch } from './hostRows.ts';
import type { Computed } from './lossMasks.ts';

/** Sum and mean against the rows one by one. */
export function checkForms(
  withReduction: (reduction: Reduction) => AnyLoss,
  batch: HostBatch,
  compute: (batch: HostBatch, loss: AnyLoss) => Computed,
  same: (got: unknown, wanted: unknown) => void,
): void {
  const [none, sum, mean] = (['none', 'sum', 'mean'] as const).map((form) => compute(batch, withReduction(form)));
  const total = ({ data }: HostTensor): number => Array.from(data).reduce((all, one) => all + one, 0);
  same(total(sum!.value), total(none!.value));
  same(sum!.gradients, none!.gradients);
  const divisor = divisorOf(withReduction('mean').options, batch, none!.value.data.length);
  same(total(mean!.value) * divisor, total(sum!.value));
  for (const [name, { data }] of Object.entries(sum!.gradients)) {
    const gradient = Array.from(mean!.gradients[name]!.data, (number) => number * divisor);
    same(gradient, Array.from(data));
  }
}

/** The normalizer, or the weights of the rows that count, or their number. */
function divisorOf(
  { ignoreIndex, normalizer }: { readonly ignoreIndex?: unknown; readonly normalizer?: unknown },
  { labels, rowWeights }: HostBatch,
  rows: number,
): number {
  if (typeof normalizer === 'number') return normalizer;
  const counts = (row: number): boolean => ignoreIndex === undefined || labels?.data[row] !== ignoreIndex;
  let divisor = 0;
  for (let row = 0; row < rows; row++) divisor += counts(row) ? (rowWeights?.data[row] ?? 1) : 0;
  return divisor;
}
