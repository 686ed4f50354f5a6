/** Tables of right and wrong by group: four counts a group, their gaps, and what resampled rows would make of them. */
import type { HostStatistics } from '../../metricState.ts';
import { deriveSeed } from '../../random.ts';
import { resampledCounts } from '../inference/binomialDraw.ts';
import { quantile } from '../scores/quantile.ts';
import { signPValue, standardErrorOf } from '../scores/resampling.ts';

/** The place of a group's rows that are right both times. */
export const right = 0;
/** Of those that are wrong after only. */
export const harmful = 1;
/** Of those that are wrong before only. */
export const beneficial = 2;
/** Of those that are wrong both times. */
export const wrong = 3;
/** Counts a group. */
export const cells = 4;

/** Tables of which one part may have seen fewer groups. */
export function addTables(first: HostStatistics<'table'>, second: HostStatistics<'table'>): HostStatistics<'table'> {
  const [longer, shorter] =
    first.table.data.length >= second.table.data.length ? [first.table, second.table] : [second.table, first.table];
  const data = longer.data.map((value, at) => value + (shorter.data[at] ?? 0));
  return { table: { data, shape: longer.shape } };
}

/** The best group's accuracy less the worst one's, and the worst. */
export interface Gaps {
  readonly before: number;
  readonly after: number;
  readonly worstBefore: number;
  readonly worstAfter: number;
}

/** Extremes over the groups that have rows, of which there is at least one. */
export function gapsOf(table: Float64Array): Gaps {
  let [worstBefore, bestBefore, worstAfter, bestAfter] = [1, 0, 1, 0];
  for (let at = 0; at < table.length; at += cells) {
    const [both, b, c] = [table[at + right]!, table[at + harmful]!, table[at + beneficial]!];
    const count = both + b + c + table[at + wrong]!;
    if (count === 0) continue;
    const [before, after] = [(both + b) / count, (both + c) / count];
    worstBefore = Math.min(worstBefore, before);
    bestBefore = Math.max(bestBefore, before);
    worstAfter = Math.min(worstAfter, after);
    bestAfter = Math.max(bestAfter, after);
  }
  return { before: bestBefore - worstBefore, after: bestAfter - worstAfter, worstBefore, worstAfter };
}

/** How the change of the gap spreads over resamples. */
export interface GapChange {
  /** By paired bootstrap over the rows; null without resamples, and where row weights are no counts. */
  readonly gapChangeInterval: readonly [low: number, high: number] | null;
  readonly gapChangeStandardError: number | null;
  /** Twice the smaller share of resamples on one side of 0. */
  readonly gapChangePValue: number | null;
}

/**
 * The paired bootstrap over the rows: each resample draws as many rows as there are, both models' answers together, of which
 * only the group's cell matters.
 */
export function bootstrapGapChange(
  table: Float64Array,
  { resamples, seed, level }: { readonly resamples: number; readonly seed: number; readonly level: number },
): GapChange {
  if (resamples < 2 || !table.every(Number.isSafeInteger)) {
    return { gapChangeInterval: null, gapChangeStandardError: null, gapChangePValue: null };
  }
  const changes = Float64Array.from({ length: resamples }, (_, resample) => {
    const gaps = gapsOf(resampledCounts(deriveSeed(seed, resample), table));
    return gaps.after - gaps.before;
  });
  const sorted = changes.slice().sort();
  return {
    gapChangeInterval: [quantile(sorted, (1 - level) / 2), quantile(sorted, (1 + level) / 2)] as const,
    gapChangeStandardError: standardErrorOf(changes),
    gapChangePValue: signPValue(changes, 'twoSided'),
  };
}
