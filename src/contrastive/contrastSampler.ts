/** Draws of positives and negatives for `crd`: seeded, the same on every backend. */
import type { Backend, RowDraw } from '../backend.ts';
import { checkWhole, kindError, rangeError } from '../check.ts';
import { drawRows, drawRowsOnHost, poolSize, rowOf } from '../ops/drawRows.ts';
import { asGiven, flag, optional, readOptions, whole, word } from '../options.ts';
import { deriveSeed, randomBelow } from '../random.ts';
import { type HostTensor, type TensorLike, toHostTensor } from '../tensor.ts';
import { type ClassOrder, orderByClass } from './classOrder.ts';

/** Options of `contrastSampler`. */
export interface ContrastSamplerOptions {
  /** K: negatives for each sample. */
  readonly count: number;
  /** The class of each row of the bank; a row of a negative label has none, and every other row is a negative of it. */
  readonly labels?: TensorLike;
  /** The number of rows of the bank, where there are no labels. */
  readonly size?: number;
  /** `'otherClasses'`: rows of other classes, the default where labels are given; `'uniform'`: any other row. */
  readonly negatives?: 'otherClasses' | 'uniform';
  /** `'exact'`: the sample itself, the default; `'relax'`: a random row of its class. */
  readonly positives?: 'exact' | 'relax';
  /** Whether a sample may draw a row twice. Default true; false for pools that are not much larger than `count`. */
  readonly replacement?: boolean;
  /** A whole number; the same seed and step give the same draws. Default 0. */
  readonly seed?: number;
}

/** The rows of the bank that a batch is compared with, under the names of the inputs of `crd`, on a backend. */
export interface ContrastIndicesOn<T> {
  /** [batch]. */
  readonly positiveIndices: T;
  /** [batch, count]. */
  readonly contrastIndices: T;
}

/** The same on the host, int32. */
export type ContrastIndices = ContrastIndicesOn<HostTensor>;

/** Draws positives and negatives. */
export interface ContrastSampler {
  /**
   * The draws of a batch.
   *
   * @param indices The samples' own rows in the bank, [batch].
   * @param step The training step: another step, other draws.
   * @throws RangeError for a row outside the bank, or a sample without a negative.
   */
  sample(indices: TensorLike, step: number): ContrastIndices;
  /**
   * The same draws as tensors of a backend, which the caller owns. Where the backend draws rows by itself (`webgpu`),
   * negatives with replacement are not drawn on the host: what goes to the device is a few numbers a sample, and `crd`
   * draws while it reads the bank, without a table of [batch, count]. Row numbers in float32 tensors are exact up to 2²⁴.
   *
   * @param backend Where the tensors are wanted.
   * @param indices The samples' own rows in the bank, [batch], on the host.
   * @param step The training step.
   * @throws RangeError as `sample`.
   * @example
   * const draws = sampler.sampleOn(backend, batchIndices, step);
   * const { value } = evaluateOn(backend, crd(), { ...batch, ...memory.tensors(), ...draws });
   */
  sampleOn<T>(backend: Backend<T>, indices: TensorLike, step: number): ContrastIndicesOn<T>;
}

/**
 * Makes a sampler of positives and negatives for `crd`. A negative is never the sample itself nor its positive. Each draw
 * takes constant time, whatever the number of classes: the rows are sorted by class once, and a draw among the others
 * skips the class's interval.
 *
 * @throws RangeError for an option out of range; TypeError where labels or size are missing.
 * @example
 * const sampler = contrastSampler({ labels: trainingLabels, count: 16384, seed: 1 });
 * const { positiveIndices, contrastIndices } = sampler.sample(batchIndices, step);
 */
// @__NO_SIDE_EFFECTS__
export function contrastSampler(options: ContrastSamplerOptions): ContrastSampler {
  const where = 'contrastSampler';
  const settings = readOptions(where, options, {
    count: whole(1),
    labels: asGiven,
    size: optional(whole(1)),
    negatives: optional(word(['otherClasses', 'uniform'])),
    positives: word(['exact', 'relax'], 'exact'),
    replacement: flag(true),
    seed: whole(0, 0),
  });
  const { count, positives, replacement, seed } = settings;
  const labels = options.labels === undefined ? undefined : toHostTensor(options.labels, where, 'labels');
  const { negatives = labels === undefined ? 'uniform' : 'otherClasses' } = settings;
  if (labels === undefined && (negatives === 'otherClasses' || positives === 'relax')) {
    const choice = positives === 'relax' ? "positives is 'relax'" : "negatives is 'otherClasses'";
    throw kindError(where, 'labels', `given where ${choice}`, options.labels);
  }
  const size = settings.size ?? labels?.data.length;
  if (size === undefined) throw kindError(where, 'size', 'given where there are no labels', size);
  if (size === 0) throw rangeError(where, 'labels', 'of at least one row', size);
  if (labels !== undefined && labels.data.length !== size) {
    throw rangeError(where, 'size', `the number of labels, ${labels.data.length}`, size);
  }
  const classes = labels === undefined ? undefined : orderByClass(labels.data);

  /** The positives, and the draw that negatives come from. */
  const plan = (where: string, indices: TensorLike, step: number): { positives: HostTensor; draw: RowDraw } => {
    checkWhole(where, 'step', step, 0);
    const rows = toHostTensor(indices, where, 'indices').data;
    const stepSeed = deriveSeed(seed, step);
    const positiveSeed = deriveSeed(stepSeed, 0);
    const chosen = new Int32Array(rows.length);
    const skips = new Int32Array(4 * rows.length);
    const order = negatives === 'otherClasses' ? { order: classes!.order } : {};
    const draw: RowDraw = { seed: deriveSeed(stepSeed, 1), count, rows: size, ...order, skips };
    rows.forEach((row, position) => {
      if (!(Number.isInteger(row) && row >= 0 && row < size)) {
        throw rangeError(where, 'indices', `rows of the bank, whole numbers in [0, ${size})`, row);
      }
      const positive = positives === 'relax' ? positiveOfClass(classes!, row, positiveSeed, position) : row;
      chosen[position] = positive;
      skips.set(negatives === 'otherClasses' ? ownClass(classes!, row) : ownRows(row, positive), 4 * position);
      checkPool(where, poolSize(draw, position), count, replacement, row);
    });
    return { positives: { data: chosen, shape: [rows.length] }, draw };
  };

  return {
    sample(indices, step) {
      const { positives: positiveIndices, draw } = plan('contrastSampler.sample', indices, step);
      return { positiveIndices, contrastIndices: replacement ? drawRowsOnHost(draw) : drawDistinctRows(draw) };
    },
    sampleOn(backend, indices, step) {
      const { positives: chosen, draw } = plan('contrastSampler.sampleOn', indices, step);
      return backend.scope(() => ({
        positiveIndices: backend.fromHost(chosen),
        contrastIndices: replacement ? drawRows(backend, draw) : backend.fromHost(drawDistinctRows(draw)),
      }));
    },
  };
}

type Skips = readonly [first: number, length: number, first: number, length: number];

function positiveOfClass({ order, interval }: ClassOrder, row: number, seed: number, position: number): number {
  const [start, end] = interval(row);
  return order[start + randomBelow(seed, position, end - start)]!;
}

/** For negatives of other classes: the interval of the row's class. */
function ownClass({ order, interval }: ClassOrder, row: number): Skips {
  const [start, end] = interval(row);
  return [start, end - start, order.length, 0];
}

/** For uniform negatives: the sample, and its positive where that is another row. */
function ownRows(row: number, positive: number): Skips {
  return [Math.min(row, positive), 1, Math.max(row, positive), row === positive ? 0 : 1];
}

function checkPool(where: string, length: number, count: number, replacement: boolean, row: number): void {
  if (length >= (replacement ? 1 : count)) return;
  const needed = replacement ? 'one with at least one negative' : `one with at least ${count} different negatives`;
  const hint = `This sample has ${length} negatives.`;
  throw rangeError(where, 'indices', `rows whose sample is ${needed}`, row, hint);
}

/** The same with distinct rows, by Floyd's draw: one random number each, none rejected. */
function drawDistinctRows(draw: RowDraw): HostTensor {
  const { seed, count, skips } = draw;
  const samples = skips.length / 4;
  const data = new Int32Array(samples * count);
  for (let sample = 0; sample < samples; sample++) {
    const chosen = new Set<number>();
    const first = poolSize(draw, sample) - count;
    for (let k = 0; k < count; k++) {
      const index = sample * count + k;
      const drawn = randomBelow(seed, index, first + k + 1);
      const number = chosen.has(drawn) ? first + k : drawn;
      chosen.add(number);
      data[index] = rowOf(draw, sample, number);
    }
  }
  return { data, shape: [samples, count] };
}
