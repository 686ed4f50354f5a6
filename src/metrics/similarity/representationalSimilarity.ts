import type { Backend } from '../../backend.ts';
import { checkOneOf, checkOptions, checkWhole } from '../../check.ts';
import { diagonalOf, uCentred } from '../../ops/centredGram.ts';
import { centredSamples } from '../../ops/centredSamples.ts';
import { type PairSimilarity, type SimilarityMetric, twoSetMethods } from './pairSimilarity.ts';

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

type Preset = NonNullable<RepresentationalSimilarityOptions['preset']>;

/** Rows over their lengths, and 1 for every row that has one; lengths up to `least` count as none. */
function normalised<T>(backend: Backend<T>, matrix: T, least: T): { readonly rows: T; readonly counted: T } {
  const squares = backend.sum(backend.multiply(matrix, matrix), { axis: 1, keepDims: true });
  const counted = backend.greater(squares, least);
  const lengths = backend.sqrt(backend.where(counted, squares, backend.scalar(1)));
  return { rows: backend.where(counted, backend.divide(matrix, lengths), backend.scalar(0)), counted };
}

function rowsOfPart<T>(backend: Backend<T>, activations: T, preset: Preset) {
  const zero = backend.scalar(0);
  if (preset !== 'centered') {
    const samples = preset === 'code' ? normalised(backend, activations, zero).rows : activations;
    return normalised(backend, backend.matMul(samples, samples, { transposeB: true }), zero);
  }
  const { centred } = centredSamples(backend, activations);
  const [count = 1] = backend.shapeOf(centred);
  const gram = backend.matMul(centred, centred, { transposeB: true });
  const spread = backend.sum(diagonalOf(backend, gram));
  // Centring leaves float32's rounding in rows that should vanish, some 1e-14 of n times the mean diagonal squared.
  const least = backend.multiply(backend.multiply(spread, spread), backend.scalar(1e-11 / count));
  return normalised(backend, uCentred(backend, gram), least);
}

/** Where the parts of a batch begin and end; one too short to be centred joins the part before it. */
function partsOf(
  samples: number,
  batchSize: number | undefined,
  least: number,
): readonly (readonly [number, number])[] {
  const size = Math.min(batchSize ?? samples, samples);
  const starts: number[] = [];
  for (let start = 0; start < samples; start += size) {
    if (start === 0 || samples - start >= least) starts.push(start);
  }
  return starts.map((start, index) => [start, starts[index + 1] ?? samples] as const);
}

function rowRange<T>(backend: Backend<T>, x: T, start: number, end: number): T {
  const [rows = 0] = backend.shapeOf(x);
  if (start === 0 && end === rows) return x;
  const indices = Int32Array.from({ length: end - start }, (_, index) => start + index);
  return backend.gather(x, backend.fromHost({ data: indices, shape: [indices.length] }));
}

function similarityOf(preset: Preset, batchSize: number | undefined): PairSimilarity<RepresentationalSimilarityResult> {
  const leastSamples = preset === 'centered' ? 4 : 1;
  return {
    name: 'representationalSimilarity',
    kind: 'similarity',
    leastSamples,

    represent(backend, activations) {
      const [samples = 0] = backend.shapeOf(activations);
      const working: Record<string, ReturnType<typeof backend.scalar>> = {};
      partsOf(samples, batchSize, leastSamples).forEach(([start, end], part) => {
        const { rows, counted } = rowsOfPart(backend, rowRange(backend, activations, start, end), preset);
        working[`rows${part}`] = rows;
        working[`counted${part}`] = counted;
      });
      return { statistics: {}, working };
    },

    relate(backend, x, y) {
      let [total, rows] = [backend.scalar(0), backend.scalar(0)];
      for (let part = 0; x.working[`rows${part}`] !== undefined; part++) {
        const sumOfProducts = (name: string) =>
          backend.sum(backend.multiply(x.working[name + part]!, y.working[name + part]!));
        total = backend.add(total, sumOfProducts('rows'));
        rows = backend.add(rows, sumOfProducts('counted'));
      }
      return { total, rows };
    },

    finish({ samples, xy }) {
      const [total, rows] = [xy.total!.data[0]!, xy.rows!.data[0]!];
      if (rows === 0) return { value: 0, rows, samples, status: 'undefined' };
      return { value: total / rows, rows, samples, status: rows < samples ? 'zeroRows' : 'ok' };
    },
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
  checkOptions('representationalSimilarity', options, ['preset', 'batchSize']);
  const { preset = 'centered' } = options;
  checkOneOf('representationalSimilarity', 'preset', preset, ['paper', 'code', 'centered']);
  const least = preset === 'centered' ? 4 : 1;
  const batchSize = options.batchSize ?? (preset === 'code' ? 64 : undefined);
  if (batchSize !== undefined) checkWhole('representationalSimilarity', 'batchSize', batchSize, least);
  return {
    name: 'representationalSimilarity',
    reference: representationalSimilarity,
    options: { preset, batchSize },
    ...twoSetMethods(similarityOf(preset, batchSize)),
  };
}
