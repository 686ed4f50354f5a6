import { checkWhole } from '../../check.ts';
import { optional, readOptions, whole, word } from '../../options.ts';
import { leastSamplesOf, normalisedGram, type RepresentationalSettings } from './normalisedGram.ts';
import { twoSetMethods } from './pairMetric.ts';
import type { PairSimilarity, SimilarityMetric } from './pairSimilarity.ts';
import { rematchedRows } from './rowMatchings.ts';

/** Options of `representationalSimilarity`. */
export interface RepresentationalSimilarityOptions {
  /**
   * - `'centered'` (default): dot products of centred activations, U-centred (no diagonal, rows of mean 0), so that unrelated
   *   activations score about 0.
   * - `'paper'`: dot products as they are; unrelated activations after a ReLU score .8 and more.
   * - `'code'`: as the paper's authors ran it, cosines of activations in minibatches of 64.
   */
  readonly preset?: 'paper' | 'code' | 'centered';
  /** Samples that are compared with each other at a time; 64 with preset `'code'`, else all of a batch. */
  readonly batchSize?: number;
}

/** What `representationalSimilarity` returns. */
export interface RepresentationalSimilarityResult {
  /** The mean cosine between a sample's row in one matrix and its row in the other, in [−1, 1]; 0 where undefined. */
  readonly value: number;
  /** Rows that the mean runs over. */
  readonly rows: number;
  readonly samples: number;
  /** `'zeroRows'`: rows without direction (a sample of no activation) were left out; `'undefined'`: no row was left. */
  readonly status: 'ok' | 'zeroRows' | 'undefined';
}

function similarityOf(
  settings: RepresentationalSettings,
): PairSimilarity<RepresentationalSimilarityResult, RepresentationalSettings> {
  const rematch = rematchedRows(settings);
  return {
    name: 'representationalSimilarity',
    kind: 'similarity',
    leastSamples: leastSamplesOf(settings.preset),
    settings,
    forms: [normalisedGram],

    finish({ samples, xy }) {
      const [total, rows] = [xy.total!.data[0]!, xy.rows!.data[0]!];
      if (rows === 0) return { value: 0, rows, samples, status: 'undefined' };
      return { value: total / rows, rows, samples, status: rows < samples ? 'zeroRows' : 'ok' };
    },

    ...(rematch && { rematch }),
  };
}

/**
 * Representational similarity of Laakso and Cottrell: how alike the relations between samples are in two sets of
 * activations. Each set gives the n × n matrix of its samples' dot products; rows of both matrices are normalised, and the
 * value is the mean dot product of corresponding rows.
 *
 * Inputs: `x` and `y`, [n, …]; axes after the first are flattened, widths may differ. On the device it takes n² numbers
 * for each set. Over a stream it is the mean over batches (each row counts once): only samples of one batch are related.
 *
 * @returns `{ value, rows, samples, status }`; a sample without activations (a zero row) is left out and has a status.
 * @throws RangeError for NaN or infinite activations, and for fewer than 4 samples with preset `'centered'`.
 * @example
 * const { value } = measure(representationalSimilarity(), { x: studentFeatures, y: teacherFeatures });
 * @see Laakso and Cottrell, "Content and cluster analysis", 2000; Abnar, Dehghani and Zuidema, "Transferring inductive
 * biases through knowledge distillation", 2020, appendix B.
 */
// @__NO_SIDE_EFFECTS__
export function representationalSimilarity(
  options: RepresentationalSimilarityOptions = {},
): SimilarityMetric<RepresentationalSimilarityResult> {
  const where = 'representationalSimilarity';
  const { preset, batchSize } = readOptions(where, options, {
    preset: word(['paper', 'code', 'centered'], 'centered'),
    batchSize: optional(whole(1)),
  });
  if (batchSize !== undefined) checkWhole(where, 'batchSize', batchSize, leastSamplesOf(preset));
  const settings = { preset, batchSize: batchSize ?? (preset === 'code' ? 64 : undefined) };
  return {
    name: where,
    reference: representationalSimilarity,
    options: settings,
    ...twoSetMethods(similarityOf(settings)),
  };
}
