/** The two kinds of rows of conformal sets: calibration rows, which give thresholds, and rows whose sets are counted. */
import type { Backend } from '../../backend.ts';
import type { Metric } from '../../metric.ts';
import { countOf, numberOf } from '../../metricState.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import { deriveSeed, randomUniform } from '../../random.ts';
import { type RowInput, type Rows, rowMetric } from '../../rowMetric.ts';
import { conformalQuantile } from './conformalQuantile.ts';
import { conformalScores, type RankPenalty, rankedScores } from './rankedScores.ts';

/** What a row's classes are scored by. */
export type ScoreSource = 'logits' | 'probabilities';

/** The options that decide thresholds and sets, checked. */
export interface ConformalRowOptions extends RankPenalty {
  readonly miscoverage: number;
  readonly randomized: boolean;
  readonly seed: number;
  readonly from: ScoreSource;
  readonly ignoreIndex: number | null;
}

/** Scores of a batch's rows in rank order; draws of calibration rows differ from those of the rows tested. */
function scoresOf<T>(
  backend: Backend<T>,
  batch: Readonly<Record<string, T>>,
  { from, randomized, seed, ...penalty }: ConformalRowOptions,
  part: number,
) {
  const given = batch[from]!;
  const rows = backend.shapeOf(given)[0]!;
  const own = deriveSeed(seed, part);
  const draws = () =>
    backend.fromHost({
      data: Float64Array.from({ length: rows }, (_, row) => randomUniform(own, row)),
      shape: [rows, 1],
    });
  const probabilities = from === 'logits' ? backend.exp(logSoftmax(backend, given)) : given;
  return rankedScores(backend, probabilities, batch.labels!, penalty, randomized ? draws() : undefined);
}

const rowInputs = (from: ScoreSource): Readonly<Record<string, RowInput>> => ({
  [from]: from === 'logits' ? 'scores' : 'probabilities',
  labels: 'labels',
});

/** The thresholds of all scores, from the calibration rows. */
// @__NO_SIDE_EFFECTS__
export function calibrationRows(options: ConformalRowOptions): Metric<string, string, unknown, string> {
  return rowMetric<string, string, unknown>({
    name: 'conformalSets: calibration rows',
    reference: calibrationRows,
    options: { ...options },
    inputs: rowInputs(options.from),
    statistics(backend, batch, rows) {
      const { isLabel, ...scores } = scoresOf(backend, batch, options, 1);
      const zero = backend.scalar(0);
      const count = rows.total();
      const thresholds = conformalScores.map((name) => {
        const own = backend.sum(backend.where(isLabel, scores[name], zero), { axis: -1 });
        return [`${name} quantile`, conformalQuantile(backend, own, rows, options.miscoverage)] as const;
      });
      return { ...Object.fromEntries(thresholds), calibrationCount: count };
    },
    state: {
      ...Object.fromEntries(conformalScores.map((name) => [`${name} quantile`, numberOf()])),
      calibrationCount: countOf(),
    },
    finish: (statistics) => statistics,
  });
}

/** Sums over the sets of the rows that are tested, at given thresholds. */
// @__NO_SIDE_EFFECTS__
export function testedRows<Threshold>(
  options: ConformalRowOptions,
  thresholds: Readonly<Record<string, Threshold>> = {},
): Metric<string, string, unknown, string> {
  return rowMetric<string, string, unknown>({
    name: 'conformalSets',
    reference: testedRows,
    options: { ...options },
    inputs: rowInputs(options.from),
    statistics<T>(backend: Backend<T>, batch: Readonly<Record<string, T>>, rows: Rows<T>) {
      const { isLabel, ...scores } = scoresOf(backend, batch, options, 0);
      const classes = backend.shapeOf(isLabel)[1]!;
      const label = backend.oneHot(batch.labels!, classes);
      const column = (values: T) => backend.reshape(values, [rows.size, 1]);
      const sums: Record<string, T> = { count: rows.sum(label) };
      for (const name of conformalScores) {
        const threshold = thresholds[`${name} quantile`] as T | undefined;
        const outside = backend.greater(scores[name], threshold ?? backend.scalar(Infinity));
        const inside = backend.subtract(backend.scalar(1), outside);
        const size = backend.sum(inside, { axis: -1 });
        const covered = column(backend.sum(backend.multiply(inside, isLabel), { axis: -1 }));
        const ofSize = backend.oneHot(size, classes + 1);
        sums[`${name} covered`] = rows.sum(backend.multiply(label, covered));
        sums[`${name} size`] = rows.sum(backend.multiply(label, column(size)));
        sums[`${name} sets`] = rows.sum(ofSize);
        sums[`${name} coveredSets`] = rows.sum(backend.multiply(ofSize, covered));
      }
      return sums;
    },
    state: {
      count: countOf(['classes']),
      ...Object.fromEntries(
        conformalScores.flatMap((name) => [
          [`${name} covered`, countOf(['classes'], 'count')],
          [`${name} size`, countOf(['classes'])],
          [`${name} sets`, countOf(['sizes'])],
          [`${name} coveredSets`, countOf(['sizes'], `${name} sets`)],
        ]),
      ),
    },
    finish: (statistics) => statistics,
  });
}
