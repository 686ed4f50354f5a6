/** F scores from counts by class: what F1 and F-beta have in common. */
import { shapeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import type { HostStatistics } from '../../metricState.ts';
import { type OptionReader, readOptions, whole, word } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import { checkDecided, checkDecision, type DecisionOptions, decisionOption } from '../decisionThreshold.ts';
import { type PredictionOptions, type PredictionSource, predictionOptions, sourceInputs } from '../predictionSource.ts';
import { type ClassCount, classCounting, totalOf } from './classCounts.ts';

/** Options of F scores. */
export interface FScoreOptions<From extends PredictionSource = PredictionSource>
  extends PredictionOptions<From>,
    DecisionOptions,
    RowMetricOptions {
  /**
   * `'binary'`: of the positive class of two, the default; `'macro'`: the mean over classes; `'micro'`: over all rows
   * (equal to accuracy); `'weighted'`: the mean over classes by the number of their labels.
   */
  readonly average?: 'binary' | 'macro' | 'micro' | 'weighted';
  /** With `average: 'binary'`: the class that counts as positive. Default 1. */
  readonly positiveClass?: number;
}

/** The score of one class, and what it is made of. */
export interface ClassFScore {
  readonly precision: number;
  readonly recall: number;
  readonly score: number;
  readonly support: number;
  readonly occurs: boolean;
}

/** Scores of all averages. */
export interface FScores {
  readonly value: number;
  readonly macro: number;
  readonly micro: number;
  readonly weighted: number;
  readonly classes: readonly ClassFScore[];
  readonly count: number;
}

/** The score (1 + β²)·hits/(predictions + β²·labels), 0 where there are neither. */
export function fScore(hits: number, predictions: number, labels: number, beta: number): number {
  const denominator = predictions + beta * beta * labels;
  return denominator === 0 ? 0 : ((1 + beta * beta) * hits) / denominator;
}

/** A metric of F scores; `readBeta` reads its options beyond those of all, and `finish` names what its result has. */
export function fScoreMetric<From extends PredictionSource, Result>(
  where: string,
  reference: object,
  options: FScoreOptions<From>,
  readBeta: OptionReader<number> | undefined,
  finish: (scores: FScores) => Result,
): Metric<From | 'labels', ClassCount, Result, 'rowWeights'> {
  const { average, positiveClass, from, classes, threshold, ignoreIndex, ...rest } = readOptions(where, options, {
    average: word(['binary', 'macro', 'micro', 'weighted'], 'binary'),
    positiveClass: whole(0, 1, 1),
    ...(readBeta && { beta: readBeta }),
    ...predictionOptions<From>(),
    ...decisionOption(),
    ...rowMask(),
  });
  const beta = (rest as { readonly beta?: number }).beta ?? 1;
  checkDecision(where, { from, threshold });
  const { state, count, ...merging } = classCounting(where, { from, threshold }, average === 'binary' ? 2 : classes);

  return rowMetric({
    name: where,
    reference,
    options: { average, positiveClass, ...rest, from, classes, threshold, ignoreIndex },
    inputs: sourceInputs(from, [from], ['labels']),

    check(backend, batch) {
      const shape = backend.shapeOf(batch[from]);
      if (average === 'binary' && from !== 'predictions' && shape.at(-1) !== 2) {
        throw shapeError(where, from, 'of shape [..., 2]', shape, "Set average to 'macro' for more classes.");
      }
      checkDecided(backend, where, batch[from], { from, threshold });
    },

    statistics: (backend, batch, rows) => count(backend, batch[from], batch.labels, rows),
    state,
    ...merging,

    finish(statistics) {
      const scored = classScores(statistics, beta);
      const occurring = scored.filter(({ occurs }) => occurs);
      const total = requireRows(where, totalOf(statistics, 'actual'));
      const macro = occurring.reduce((sum, { score }) => sum + score, 0) / occurring.length;
      const micro = totalOf(statistics, 'hit') / total;
      const weighted = scored.reduce((sum, { score, support }) => sum + score * support, 0) / total;
      const binary = scored[positiveClass]?.score ?? 0;
      const value = { binary, macro, micro, weighted }[average];
      return finish({ value, macro, micro, weighted, classes: scored, count: total });
    },
  });
}

function classScores({ hit, predicted, actual }: HostStatistics<ClassCount>, beta: number): readonly ClassFScore[] {
  return Array.from(hit.data, (hits, index) => {
    const [predictions, labels] = [predicted.data[index]!, actual.data[index]!];
    return {
      precision: predictions === 0 ? 0 : hits / predictions,
      recall: labels === 0 ? 0 : hits / labels,
      score: fScore(hits, predictions, labels, beta),
      support: labels,
      occurs: predictions + labels > 0,
    };
  });
}
