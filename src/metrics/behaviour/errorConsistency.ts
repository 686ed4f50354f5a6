import { columnMetric } from '../../columnMetric.ts';
import type { Metric } from '../../metric.ts';
import { readOptions } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask } from '../../rowMetric.ts';
import { checkDecision, type DecisionOptions, decisionOption } from '../decisionThreshold.ts';
import type { PredictionSource } from '../predictionSource.ts';
import {
  type BeforeAfterInput,
  type BeforeAfterOptions,
  beforeAfterColumns,
  beforeAfterInputs,
  beforeAfterSource,
  checkBothDecided,
  type FlipTable,
  flipState,
  flipStatistics,
  flipTableFrom,
  rowsOfTable,
} from './beforeAfter.ts';

/** Options of `errorConsistency`. */
export interface ErrorConsistencyOptions<From extends PredictionSource = PredictionSource>
  extends BeforeAfterOptions<From>,
    DecisionOptions,
    RowMetricOptions {}

/** What `errorConsistency` returns. */
export interface ErrorConsistencyResult {
  /** κ; null where it is not defined. */
  readonly value: number | null;
  /** o: the share of rows on which both are right or both are wrong, in [0, 1]. */
  readonly observed: number;
  /** e: what independent models of these accuracies would share, p₁p₂ + (1 − p₁)(1 − p₂). */
  readonly expected: number;
  /** Cohen's κ = (o − e)/(1 − e) of right or wrong, in [−1, 1]; null where e = 1. */
  readonly kappa: number | null;
  /** By Fleiss, Cohen and Everitt. */
  readonly standardError: number | null;
  /** The least and the largest κ that models of these accuracies can have: o lies in [|p₁ + p₂ − 1|, 1 − |p₁ − p₂|]. */
  readonly lowest: number | null;
  readonly highest: number | null;
  readonly accuracyBefore: number;
  readonly accuracyAfter: number;
  /** `'undefined'` where both are right, or both are wrong, on every row. */
  readonly status: 'ok' | 'undefined';
  /** Why κ is not defined; null where it is. */
  readonly reason: string | null;
  readonly count: number;
}

/**
 * Error consistency: whether two models err on the same rows more than their accuracies alone would have it.
 *
 *     κ = (o − e)/(1 − e)
 *
 * κ is bounded by the accuracies: of 95 % and 80 % even nested errors give κ below 1, so it stands beside its bounds.
 *
 * Inputs: `before`, `after` (two models, in any order) and `labels` [...], class numbers, or by `from` `beforeLogits` and
 * `afterLogits` (or `beforeProbabilities` …) [..., classes]; optional `rowWeights` [...]. Which wrong answer is given does not
 * enter. Streams and merges exactly. For more than two models, and the rows by number: `errorOverlap`.
 *
 * @throws RangeError for a label out of range, NaN, or no row that counts.
 * @example
 * const { kappa, highest } = measure(errorConsistency(), { before: [0, 1, 1, 2], after: [0, 1, 2, 2], labels: [0, 1, 1, 1] });
 * @see Geirhos, Meding, Wichmann: Beyond accuracy: quantifying trial-by-trial behaviour of CNNs and humans by measuring error
 * consistency (2020), arXiv 2006.16736; error: Fleiss, Cohen, Everitt (1969)
 */
// @__NO_SIDE_EFFECTS__
export function errorConsistency<From extends PredictionSource = 'predictions'>(
  options: ErrorConsistencyOptions<From> = {},
): Metric<BeforeAfterInput<From> | 'labels', string, ErrorConsistencyResult, 'rowWeights'> {
  const { from, threshold, ignoreIndex } = readOptions('errorConsistency', options, {
    from: beforeAfterSource<From>(),
    ...decisionOption(),
    ...rowMask(),
  });
  const decision = { from, threshold };
  checkDecision('errorConsistency', decision);
  const metric = columnMetric<string, 'before' | 'after' | 'labels', keyof FlipTable, ErrorConsistencyResult>({
    name: 'errorConsistency',
    reference: errorConsistency,
    options: { from, threshold, ignoreIndex },
    inputs: beforeAfterInputs(from),
    check: (backend, batch) => checkBothDecided(backend, 'errorConsistency', decision, batch),
    columns: (backend, batch) => beforeAfterColumns(backend, decision, batch),
    condense: flipStatistics,
    state: flipState,

    finish(statistics) {
      const table = flipTableFrom(statistics);
      const count = requireRows('errorConsistency', rowsOfTable(table));
      const { bothRight, harmful, beneficial, bothWrong } = table;
      const [first, second] = [(bothRight + harmful) / count, (bothRight + beneficial) / count];
      const observed = (bothRight + bothWrong) / count;
      const [firstWrong, secondWrong] = [(beneficial + bothWrong) / count, (harmful + bothWrong) / count];
      const expected = first * second + firstWrong * secondWrong;
      const shared = { observed, expected, accuracyBefore: first, accuracyAfter: second, count };
      // By counts: rounded shares may miss 1.
      const always = bothRight === count ? 'right' : bothWrong === count ? 'wrong' : undefined;
      if (always !== undefined) {
        const reason = `Both are ${always} on every row: chance alone agrees as often, and κ is 0/0.`;
        const none = { value: null, kappa: null, standardError: null, lowest: null, highest: null };
        return { ...none, ...shared, status: 'undefined', reason };
      }
      // By the shares of rows on which they differ, so that κ of rare errors keeps its digits.
      const apart = first * secondWrong + firstWrong * second;
      const beyondChance = (different: number) => 1 - different / apart;
      const kappa = beyondChance((harmful + beneficial) / count);
      return {
        value: kappa,
        kappa,
        ...shared,
        standardError: kappaError(table, count, kappa, expected, apart),
        lowest: beyondChance(Math.min(first + second, firstWrong + secondWrong)),
        highest: beyondChance(Math.abs(harmful - beneficial) / count),
        status: 'ok',
        reason: null,
      };
    },
  });
  return metric as never;
}

/**
 * √(Var κ) for two categories: with shares p_ij, their margins p_i· and p_·j, and κ̄ = 1 − κ,
 * [Σ_i p_ii(1 − (p_i· + p_·i)κ̄)² + κ̄²Σ_{i≠j} p_ij(p_·i + p_j·)² − (κ − e·κ̄)²]/(n(1 − e)²).
 */
function kappaError(table: FlipTable, count: number, kappa: number, expected: number, apart: number): number {
  const shares = [
    [table.bothRight / count, table.harmful / count],
    [table.beneficial / count, table.bothWrong / count],
  ] as const;
  const first = shares.map(([a, b]) => a + b);
  const second = [0, 1].map((column) => shares[0][column]! + shares[1][column]!);
  const rest = 1 - kappa;
  let sum = 0;
  shares.forEach((row, i) => {
    row.forEach((share, j) => {
      sum +=
        i === j
          ? share * (1 - (first[i]! + second[i]!) * rest) ** 2
          : share * rest ** 2 * (second[i]! + first[j]!) ** 2;
    });
  });
  const variance = (sum - (kappa - expected * rest) ** 2) / (count * apart ** 2);
  return Math.sqrt(Math.max(0, variance));
}
