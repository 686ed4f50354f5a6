import type { Backend } from '../../backend.ts';
import { columnMetric } from '../../columnMetric.ts';
import type { Metric } from '../../metric.ts';
import { argSort } from '../../ops/argSort.ts';
import { expectation } from '../../ops/expectation.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import { scatterAlong } from '../../ops/scatterAlong.ts';
import { between, readOptions, whole } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask } from '../../rowMetric.ts';
import type { ColumnSummary } from '../inference/moments.ts';
import {
  type ClusteredStatistic,
  clusteredColumns,
  clusteredMoments,
  clusteredState,
  mergeClustered,
} from './clusteredMoments.ts';

/** Options of `topKOverlap`. */
export interface TopKOverlapOptions extends RowMetricOptions {
  /** How many of the most likely classes are compared; all of them where there are no more. */
  readonly k: number;
  /** φ of rank-biased overlap, in (0, 1): the share of attention that passes from one rank to the next. Default 0.9. */
  readonly persistence?: number;
}

/** What `topKOverlap` returns: means over the rows. */
export interface TopKOverlapResult {
  /** The overlap. */
  readonly value: number;
  /** |top-k of p ∩ top-k of q|/k, in [0, 1]. */
  readonly overlap: number;
  /** The same over the union: o/(2k − o) in counts, row by row, in [0, 1]. */
  readonly jaccard: number;
  /** The teacher's probability of the classes that both have among their k most likely. */
  readonly teacherMass: number;
  /** The student's probability of the same classes. */
  readonly studentMass: number;
  /** Agreement of both whole rankings, of which rank d weighs φ^(d − 1), in [0, 1]. */
  readonly rankBiasedOverlap: number;
  /** H(q) − H(p) in nats: above 0 where the student is less sure than its teacher. */
  readonly entropyGap: number;
  /** Standard errors of these means; null for a single row, or a single cluster. */
  readonly standardErrors: Readonly<
    Record<'overlap' | 'jaccard' | 'teacherMass' | 'studentMass' | 'rankBiasedOverlap' | 'entropyGap', number | null>
  >;
  /** Rows that count. */
  readonly count: number;
  /** How many clusters the errors come from; null where none were given and rows are taken as independent. */
  readonly clusters: number | null;
}

const quantities = ['overlap', 'jaccard', 'teacherMass', 'studentMass', 'rankBiasedOverlap', 'entropyGap'] as const;

/**
 * Whether student and teacher think of the same classes: of the k most likely, and over the whole ranking.
 *
 *     RBO = (1 − φ)·Σ_{d ≤ V} φ^(d − 1)·A_d + A_V·φ^V        A_d = |top-d of p ∩ top-d of q|/d
 *
 * Inputs: `teacherLogits` and `studentLogits` [..., classes]; optional `clusters` [...] (documents: errors are then those of
 * sums by cluster, as in `tokenFidelity`), `rowWeights` [...] and, with `ignoreIndex`, `labels` [...]. Of equal scores the first
 * class ranks highest, on both sides. Streams and merges exactly.
 *
 * @throws RangeError for NaN, options out of range, or no row that counts; TypeError for shapes that differ.
 * @example
 * const { overlap, rankBiasedOverlap } = measure(topKOverlap({ k: 2 }), {
 *   teacherLogits: [[2, 1, 0], [0, 3, 1]], studentLogits: [[1, 1, 0], [2, 1, 0]],
 * });
 * @see Webber, Moffat, Zobel: A similarity measure for indefinite rankings (2010)
 */
// @__NO_SIDE_EFFECTS__
export function topKOverlap(
  options: TopKOverlapOptions,
): Metric<'teacherLogits' | 'studentLogits', string, TopKOverlapResult, 'clusters' | 'labels' | 'rowWeights'> {
  const { k, persistence, ignoreIndex } = readOptions('topKOverlap', options, {
    k: whole(1),
    persistence: between(0, 1, 0.9),
    ...rowMask(),
  });
  return columnMetric<
    'teacherLogits' | 'studentLogits',
    Exclude<(typeof quantities)[number], 'jaccard'>,
    ClusteredStatistic,
    TopKOverlapResult,
    'clusters'
  >({
    name: 'topKOverlap',
    reference: topKOverlap,
    options: { k, persistence, ignoreIndex },
    inputs: { teacherLogits: 'scores', studentLogits: 'scores' },
    optionalInputs: { clusters: 'numbers' },

    columns(backend, { teacherLogits, studentLogits, clusters }, rows) {
      const classes = backend.shapeOf(teacherLogits)[1]!;
      const most = Math.min(k, classes);
      const [teacher, student] = [teacherLogits, studentLogits].map((logits) => {
        const logs = logSoftmax(backend, logits);
        const probabilities = backend.exp(logs);
        return { probabilities, meanLog: expectation(backend, probabilities, logs) };
      });
      // A class is in both top-d lists from the depth on at which the side that ranks it lower has it.
      const depth = backend.maximum(
        ranksOf(backend, teacherLogits, rows.size, classes),
        ranksOf(backend, studentLogits, rows.size, classes),
      );
      const shared = backend.greater(backend.scalar(most), depth);
      const sumOf = (values: typeof depth) => backend.sum(values, { axis: -1 });
      const table = backend.fromHost({ data: depthWeights(classes, persistence), shape: [classes] });
      return {
        overlap: backend.divide(sumOf(shared), backend.scalar(most)),
        teacherMass: sumOf(backend.multiply(shared, teacher!.probabilities)),
        studentMass: sumOf(backend.multiply(shared, student!.probabilities)),
        rankBiasedOverlap: backend.add(sumOf(backend.gather(table, depth)), backend.scalar(persistence ** classes)),
        entropyGap: backend.subtract(teacher!.meanLog, student!.meanLog),
        ...(clusters !== undefined && { clusters }),
      };
    },

    condense({ clusters, ...columns }, weights) {
      const jaccard = columns.overlap.map((share) => share / (2 - share));
      const values = quantities.map((name) => (name === 'jaccard' ? jaccard : columns[name]));
      return clusteredMoments('topKOverlap', values, weights, clusters);
    },
    state: clusteredState(quantities.length),
    merge: mergeClustered,

    finish(statistics) {
      const moments = clusteredColumns(statistics);
      const count = requireRows('topKOverlap', moments.count);
      const each = <Part extends keyof ColumnSummary>(part: Part) =>
        Object.fromEntries(quantities.map((name, at) => [name, moments.column(at)[part]])) as Record<
          (typeof quantities)[number],
          ColumnSummary[Part]
        >;
      const means = each('mean');
      return {
        value: means.overlap,
        ...means,
        standardErrors: each('standardError'),
        count,
        clusters: moments.clusters,
      };
    },
  });
}

/** The rank of each class in its row, from 0, [rows, classes]: the order, read the other way round. */
function ranksOf<T>(backend: Backend<T>, logits: T, rows: number, classes: number): T {
  const places = { data: Float32Array.from({ length: classes }, (_, place) => place), shape: [1, classes] };
  const zeros = backend.fromHost({ data: new Float32Array(rows), shape: [rows, 1] });
  return scatterAlong(backend, argSort(backend, logits), backend.add(zeros, backend.fromHost(places)), classes);
}

/**
 * What a class adds to rank-biased overlap that both lists hold from depth m + 1 on: (1 − φ)·Σ_{d > m} φ^(d − 1)/d, for each
 * m below the number of classes. The smallest terms are added first.
 */
function depthWeights(classes: number, persistence: number): Float64Array {
  const weights = new Float64Array(classes);
  let sum = 0;
  for (let depth = classes; depth > 0; depth--) {
    sum += ((1 - persistence) * persistence ** (depth - 1)) / depth;
    weights[depth - 1] = sum;
  }
  return weights;
}
