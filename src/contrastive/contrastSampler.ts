/** Draws of positives and negatives for `crd`: on the host, seeded, the same for every backend. */
import { checkOneOf, checkOptions, checkWhole, kindError, rangeError } from '../check.ts';
import { deriveSeed, randomBelow } from '../random.ts';
import { type HostTensor, type TensorLike, toHostTensor } from '../tensor.ts';
import { type ClassOrder, orderByClass } from './classOrder.ts';

/** Options of `contrastSampler`. */
export interface ContrastSamplerOptions {
  /** K: negatives for each sample. */
  readonly count: number;
  /** The class of each row of the bank. */
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

/** The rows of the bank that a batch is compared with, under the names of the inputs of `crd`. */
export interface ContrastIndices {
  /** [batch], int32. */
  readonly positiveIndices: HostTensor;
  /** [batch, count], int32. */
  readonly contrastIndices: HostTensor;
}

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
  checkOptions(where, options, ['count', 'labels', 'size', 'negatives', 'positives', 'replacement', 'seed']);
  const { count, positives = 'exact', replacement = true, seed = 0 } = options;
  const labels = options.labels === undefined ? undefined : toHostTensor(options.labels, where, 'labels');
  const { negatives = labels === undefined ? 'uniform' : 'otherClasses' } = options;
  checkWhole(where, 'count', count, 1);
  checkWhole(where, 'seed', seed, 0);
  checkOneOf(where, 'negatives', negatives, ['otherClasses', 'uniform']);
  checkOneOf(where, 'positives', positives, ['exact', 'relax']);
  if (typeof replacement !== 'boolean') throw kindError(where, 'replacement', 'true or false', replacement);
  if (labels === undefined && (negatives === 'otherClasses' || positives === 'relax')) {
    const choice = positives === 'relax' ? "positives is 'relax'" : "negatives is 'otherClasses'";
    throw kindError(where, 'labels', `given where ${choice}`, options.labels);
  }
  const size = options.size ?? labels?.data.length;
  if (size === undefined) throw kindError(where, 'size', 'given where there are no labels', size);
  checkWhole(where, 'size', size, 1);
  if (labels !== undefined && labels.data.length !== size) {
    throw rangeError(where, 'size', `the number of labels, ${labels.data.length}`, size);
  }
  const classes = labels === undefined ? undefined : orderByClass(labels.data);

  return {
    sample(indices, step) {
      checkWhole('contrastSampler.sample', 'step', step, 0);
      const rows = toHostTensor(indices, 'contrastSampler.sample', 'indices').data;
      const stepSeed = deriveSeed(seed, step);
      const positiveSeed = deriveSeed(stepSeed, 0);
      const negativeSeed = deriveSeed(stepSeed, 1);
      const positiveIndices = new Int32Array(rows.length);
      const contrastIndices = new Int32Array(rows.length * count);
      rows.forEach((row, position) => {
        if (!(Number.isInteger(row) && row >= 0 && row < size)) {
          throw rangeError('contrastSampler.sample', 'indices', `rows of the bank, whole numbers in [0, ${size})`, row);
        }
        const positive = positives === 'relax' ? positiveOfClass(classes!, row, positiveSeed, position) : row;
        positiveIndices[position] = positive;
        const pool = negatives === 'otherClasses' ? otherClasses(classes!, row) : otherRows(size, row, positive);
        checkPool(pool.length, count, replacement, row);
        const draw = (index: number, bound: number): number =>
          randomBelow(negativeSeed, position * count + index, bound);
        const target = contrastIndices.subarray(position * count, (position + 1) * count);
        if (replacement) for (let k = 0; k < count; k++) target[k] = pool.row(draw(k, pool.length));
        else drawDistinct(pool, target, draw);
      });
      return {
        positiveIndices: { data: positiveIndices, shape: [rows.length] },
        contrastIndices: { data: contrastIndices, shape: [rows.length, count] },
      };
    },
  };
}

/** Rows to draw from, by number. */
interface Pool {
  readonly length: number;
  row(number: number): number;
}

function positiveOfClass({ order, interval }: ClassOrder, row: number, seed: number, position: number): number {
  const [start, end] = interval(row);
  return order[start + randomBelow(seed, position, end - start)]!;
}

function otherClasses({ order, interval }: ClassOrder, row: number): Pool {
  const [start, end] = interval(row);
  return {
    length: order.length - (end - start),
    row: (number) => order[number < start ? number : number + (end - start)]!,
  };
}

function otherRows(size: number, row: number, positive: number): Pool {
  const lower = Math.min(row, positive);
  const upper = Math.max(row, positive);
  if (lower === upper) return { length: size - 1, row: (number) => (number < lower ? number : number + 1) };
  return {
    length: size - 2,
    row: (number) => (number < lower ? number : number < upper - 1 ? number + 1 : number + 2),
  };
}

function checkPool(length: number, count: number, replacement: boolean, row: number): void {
  if (length >= (replacement ? 1 : count)) return;
  const needed = replacement ? 'one with at least one negative' : `one with at least ${count} different negatives`;
  throw rangeError(
    'contrastSampler.sample',
    'indices',
    `rows whose sample is ${needed}`,
    row,
    `This sample has ${length} negatives.`,
  );
}

/** Floyd's draw of distinct numbers: one random number each, none rejected. */
function drawDistinct(pool: Pool, target: Int32Array, draw: (index: number, bound: number) => number): void {
  const chosen = new Set<number>();
  const first = pool.length - target.length;
  for (let k = 0; k < target.length; k++) {
    const drawn = draw(k, first + k + 1);
    const number = chosen.has(drawn) ? first + k : drawn;
    chosen.add(number);
    target[k] = pool.row(number);
  }
}
