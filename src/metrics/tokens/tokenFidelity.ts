import { columnMetric } from '../../columnMetric.ts';
import type { Metric } from '../../metric.ts';
import { labelLogProbability } from '../../ops/labelLogProbability.ts';
import { sameIndex } from '../../ops/sameIndex.ts';
import { scale } from '../../ops/scale.ts';
import { softenedPair } from '../../ops/softenedPair.ts';
import { readOptions } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask } from '../../rowMetric.ts';
import { correlationFrom } from '../inference/moments.ts';
import {
  type ClusteredStatistic,
  clusteredColumns,
  clusteredMoments,
  clusteredState,
  mergeClustered,
} from './clusteredMoments.ts';
import {
  batchQuantiles,
  mergeQuantiles,
  type QuantileStatistic,
  type Quantiles,
  quantilesFrom,
  quantilesState,
} from './tokenQuantiles.ts';

/** Options of `tokenFidelity`: tokens labelled `ignoreIndex` (padding, prompts) do not count. */
export type TokenFidelityOptions = RowMetricOptions;

/** What `tokenFidelity` returns. Errors are standard errors of means; null for a single token, or a single cluster. */
export interface TokenFidelityResult {
  /** The mean divergence of a token, as `klDivergence.mean`. */
  readonly value: number;
  /** Tokens that count. */
  readonly count: number;
  /** How many clusters the errors come from; null where none were given and tokens are taken as independent. */
  readonly clusters: number | null;
  /** KL(teacher‖student) of a token, in nats; +Infinity where a student excludes what its teacher expects. */
  readonly klDivergence: Quantiles & { readonly mean: number; readonly standardError: number | null };
  readonly perplexity: {
    readonly teacher: number;
    readonly student: number;
    /** The mean of log p(label) − log q(label): the logarithm of `ratio`. Null where both perplexities are infinite. */
    readonly logRatio: number | null;
    /** Of the paired differences: what both find hard cancels. */
    readonly logRatioStandardError: number | null;
    /** Student's over teacher's. */
    readonly ratio: number | null;
    readonly ratioStandardError: number | null;
    /** Pearson's, of both negative log-likelihoods; null where one of them is constant or infinite. */
    readonly correlation: number | null;
  };
  /** q(label) − p(label), in [−1, 1]. */
  readonly labelProbabilityChange: Quantiles & {
    readonly mean: number;
    readonly standardError: number | null;
    readonly rootMeanSquare: number;
    readonly rootMeanSquareStandardError: number | null;
  };
  /** The share of tokens with the same first choice; of equal scores the first class is chosen. */
  readonly sameTop: { readonly rate: number; readonly standardError: number | null };
  /** By which share of itself a quantile may be off: 0 unless the stream had more than 8192 different values. */
  readonly quantileError: number;
}

const quantities = ['divergence', 'teacher', 'student', 'logRatio', 'change', 'squaredChange', 'same'] as const;

/**
 * What a compressed or distilled language model changes, token by token: the table by which quantised models are compared.
 *
 *     k = KL(p‖q)     log PPL_q − log PPL_p = mean(log p(y) − log q(y))     Δp = q(y) − p(y)
 *
 * with p the teacher's, q the student's distribution and y the label, the next token.
 *
 * Inputs: `teacherLogits` and `studentLogits` [..., classes], `labels` [...]; optional `clusters` [...], whole numbers up to
 * 2²⁴ that say which document a token is from, and `rowWeights` [...]. Tokens of a document resemble one another, so that errors as of
 * independent tokens are too small: with clusters all errors are those of sums by cluster,
 * √(G/(G − 1)·Σ_g(Σ_{i∈g}(x_i − x̄))²)/n.
 *
 * Streams and merges in a state of fixed size; moments are exact. In quantiles a row of weight 2 is two tokens; of weights that
 * are no whole numbers the smallest one is one token. Quantiles are exact for one batch of any size, and for a
 * stream of up to 8192 different values; beyond that values are rounded to as many bits as fit, and `quantileError` says how
 * far a quantile may be off (0.1 to 0.8 % of itself for most data), whatever the order of the batches. Up to 4096 clusters
 * are kept by number; more are put together at random into 4096, of which the error is as valid, but varies more.
 *
 * @throws RangeError for NaN, a label out of range, clusters that are no whole numbers, or no token that counts; TypeError for
 * shapes that differ.
 * @example
 * const { klDivergence, perplexity, sameTop } = measure(tokenFidelity({ ignoreIndex: -100 }), {
 *   teacherLogits: [[2, 1, 0], [0, 3, 1]], studentLogits: [[1, 1, 0], [0, 2, 1]], labels: [0, 1],
 * });
 * @see llama.cpp's perplexity tool, option --kl-divergence: the same table, of a base file with rounded probabilities
 */
// @__NO_SIDE_EFFECTS__
export function tokenFidelity(
  options: TokenFidelityOptions = {},
): Metric<'teacherLogits' | 'studentLogits' | 'labels', string, TokenFidelityResult, 'clusters' | 'rowWeights'> {
  const { ignoreIndex } = readOptions('tokenFidelity', options, rowMask());
  return columnMetric<
    'teacherLogits' | 'studentLogits' | 'labels',
    'divergence' | 'teacher' | 'student' | 'logRatio' | 'same',
    ClusteredStatistic | QuantileStatistic<'divergence' | 'change'>,
    TokenFidelityResult,
    'clusters'
  >({
    name: 'tokenFidelity',
    reference: tokenFidelity,
    options: { ignoreIndex },
    inputs: { teacherLogits: 'scores', studentLogits: 'scores', labels: 'labels' },
    optionalInputs: { clusters: 'numbers' },

    columns(backend, { teacherLogits, studentLogits, labels, clusters }) {
      const pair = softenedPair(backend, studentLogits, teacherLogits, { student: 1, teacher: 1 });
      const labelled = backend.oneHot(labels, backend.shapeOf(teacherLogits)[1]!);
      // The ratio has the digits that the difference of two likelihoods would have lost.
      const ratio = backend.sum(backend.where(labelled, pair.logRatio, backend.scalar(0)), { axis: -1 });
      const lossOf = (logits: typeof labels) =>
        scale(backend, labelLogProbability(backend, logits, labels, 'logits'), -1);
      return {
        divergence: pair.divergence,
        teacher: lossOf(teacherLogits),
        student: lossOf(studentLogits),
        logRatio: ratio,
        same: sameIndex(backend, backend.argMax(teacherLogits), backend.argMax(studentLogits)),
        ...(clusters !== undefined && { clusters }),
      };
    },

    condense({ divergence, teacher, student, same, clusters, ...columns }, weights) {
      // What both exclude has no ratio, and does not change.
      const impossible = (row: number) => teacher[row] === Infinity && student[row] === Infinity;
      const ratios = columns.logRatio.map((value, row) => (impossible(row) ? 0 : value));
      // By the larger of both probabilities: beside it the other may be 0, and their ratio infinite.
      const changes = ratios.map((value, row) =>
        value > 0 ? -Math.exp(-student[row]!) * Math.expm1(-value) : Math.exp(-teacher[row]!) * Math.expm1(value),
      );
      const logRatio = ratios.map((value) => 0 - value);
      const squaredChange = changes.map((value) => value * value);
      const rows = { divergence, teacher, student, logRatio, change: changes, squaredChange, same };
      return {
        ...clusteredMoments(
          'tokenFidelity',
          quantities.map((name) => rows[name]),
          weights,
          clusters,
        ),
        ...batchQuantiles('divergence', divergence, weights),
        ...batchQuantiles('change', changes, weights),
      };
    },

    state: { ...clusteredState(quantities.length), ...quantilesState('divergence'), ...quantilesState('change') },

    merge: (first, second) => ({
      ...mergeClustered(first, second),
      ...mergeQuantiles('divergence', first, second),
      ...mergeQuantiles('change', first, second),
    }),

    finish(statistics) {
      const moments = clusteredColumns(statistics);
      const count = requireRows('tokenFidelity', moments.count);
      const column = (name: (typeof quantities)[number]) => moments.column(quantities.indexOf(name));
      const divergences = quantilesFrom('divergence', statistics);
      const changes = quantilesFrom('change', statistics);
      const [teacher, student] = [column('teacher').mean, column('student').mean];
      const infinite = teacher === Infinity || student === Infinity;
      const ratio = infinite ? { mean: student - teacher, standardError: null } : column('logRatio');
      const defined = !Number.isNaN(ratio.mean);
      const squares = column('squaredChange');
      const root = Math.sqrt(squares.mean);
      // Differences that are all the same have no error, however large a ratio they make.
      const scaled = (error: number | null, by: number) => (error === null || error === 0 ? error : error * by);
      return {
        value: column('divergence').mean,
        count,
        clusters: moments.clusters,
        klDivergence: { ...column('divergence'), ...divergences.quantiles },
        perplexity: {
          teacher: Math.exp(teacher),
          student: Math.exp(student),
          logRatio: defined ? ratio.mean : null,
          logRatioStandardError: ratio.standardError,
          ratio: defined ? Math.exp(ratio.mean) : null,
          ratioStandardError: scaled(ratio.standardError, Math.exp(ratio.mean)),
          correlation: correlationFrom(statistics, quantities.indexOf('teacher'), quantities.indexOf('student')),
        },
        labelProbabilityChange: {
          ...column('change'),
          rootMeanSquare: root,
          // Where nothing changed the root has no slope, and nothing to be unsure of.
          rootMeanSquareStandardError: root === 0 ? squares.standardError : scaled(squares.standardError, 0.5 / root),
          ...changes.quantiles,
        },
        sameTop: { rate: column('same').mean, standardError: column('same').standardError },
        quantileError: Math.max(divergences.error, changes.error),
      };
    },
  });
}
