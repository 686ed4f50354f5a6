/** Masks of a loss: what rows that do not count must leave as it is, and what remains where none does. */
import type { AnyLoss } from '../loss.ts';
import { type HostTensor, sizeOf } from '../tensor.ts';
import { type Claim, expectSame } from './claims.ts';
import { type CheckedRowInputs, equalWeights, type HostBatch, rowCount, withSpoiledRows } from './hostRows.ts';

/** A value and its gradients on the host. */
export interface Computed {
  readonly value: HostTensor;
  readonly gradients: Readonly<Record<string, HostTensor>>;
}

/** What must hold where the loss has the input `rowWeights` or the option `ignoreIndex`. */
export function maskClaims(
  loss: AnyLoss,
  batch: HostBatch,
  inputs: CheckedRowInputs,
  expected: Computed,
  compute: (batch: HostBatch) => Computed,
  same: (got: unknown, wanted?: unknown) => void,
): readonly Claim[] {
  const claims: Claim[] = [];
  const { whole } = inputs;

  /** The rows of the second half, whose numbers are NaN, must leave value and gradients as they were, and get 0. */
  const checkSpoiled = (from: HostBatch, mask: { readonly name: string; readonly value: number }): void => {
    const { value, gradients } = compute(withSpoiledRows(from, inputs, mask));
    const half = (x: HostTensor): HostTensor => ({ data: x.data.slice(0, x.data.length / 2), shape: halved(x.shape) });
    const rows = loss.form === 'rows';
    same(rows ? half(value) : value, expected.value);
    for (const [name, gradient] of Object.entries(gradients)) {
      if (whole.includes(name)) same(gradient, expected.gradients[name]);
      else {
        same(half(gradient), expected.gradients[name]);
        const rest = gradient.data.slice(gradient.data.length / 2);
        expectSame(rest, rest.slice().fill(0), 0, `the gradient of ${name} in rows that do not count`);
      }
    }
  };
  const checkNothing = (masked: HostBatch): void => {
    const { value, gradients } = compute(masked);
    for (const [name, { data }] of Object.entries({ value, ...gradients })) {
      expectSame(data, data.slice().fill(0), 0, `${name} without a row that counts`);
    }
  };

  if (loss.optionalInputs.includes('rowWeights')) {
    const rows = rowCount('checkLoss', batch, inputs);
    const weighted: HostBatch = { ...batch, rowWeights: batch.rowWeights ?? equalWeights(batch, rows, 1) };
    if (batch.rowWeights === undefined) {
      claims.push({ what: 'row weights of 1 are as none', check: () => same(compute(weighted)) });
    }
    claims.push(
      {
        what: 'rows of weight 0 do not count, whatever they hold',
        check: () => checkSpoiled(weighted, { name: 'rowWeights', value: 0 }),
      },
      {
        what: 'without a row of weight, value and gradients are 0',
        check: () => checkNothing({ ...batch, rowWeights: equalWeights(batch, rows, 0) }),
      },
    );
  }
  const { ignoreIndex } = loss.options as { readonly ignoreIndex?: unknown };
  if (typeof ignoreIndex === 'number' && batch.labels !== undefined) {
    const { shape } = batch.labels;
    const labels = { data: new Float64Array(sizeOf(shape)).fill(ignoreIndex), shape };
    claims.push(
      {
        what: `rows with the label ${ignoreIndex} do not count, whatever they hold`,
        check: () => checkSpoiled(batch, { name: 'labels', value: ignoreIndex }),
      },
      {
        what: `where every label is ${ignoreIndex}, value and gradients are 0`,
        check: () => checkNothing({ ...batch, labels }),
      },
    );
  }
  return claims;
}

function halved([rows = 0, ...rest]: readonly number[]): readonly number[] {
  return [rows / 2, ...rest];
}
