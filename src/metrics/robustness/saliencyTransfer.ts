import type { Backend } from '../../backend.ts';
import { checkNotEmpty, checkRank, shapeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { countOf, numberOf } from '../../metricState.ts';
import { cosineRounding, mapCosines } from '../../ops/mapCosines.ts';
import { readGrid } from '../../ops/readGrid.ts';
import { type Grid, resizeBilinear } from '../../ops/resizeBilinear.ts';
import { missing } from '../../ops/scoreFaults.ts';
import { optional, readOptions } from '../../options.ts';

/** Options of `saliencyTransfer`. */
export interface SaliencyTransferOptions {
  /** The grid on which maps are compared. Default: the largest height and the largest width of the three. */
  readonly grid?: Grid;
}

/** What `saliencyTransfer` returns. */
export interface SaliencyTransferResult {
  /** Of the images with all three maps, the share where the distilled student is nearer; null where there is none. */
  readonly value: number | null;
  /** `'noDefinedPair'`: every image has a map that is zero everywhere. */
  readonly status: 'defined' | 'noDefinedPair';
  /** Images where the teacher's map is more like the distilled student's: the numerator of `value`. */
  readonly distilledNearer: number;
  readonly independentNearer: number;
  /** Images where both are equally near, to rounding; they are in the denominator of `value`. */
  readonly equallyNear: number;
  /** Images on which both pairs have a cosine: the denominator of `value`. */
  readonly defined: number;
  /** Images left out, and how many maps of each model are zero everywhere. */
  readonly undefinedImages: number;
  readonly zeroMaps: { readonly teacher: number; readonly distilled: number; readonly independent: number };
  readonly count: number;
  /** The mean cosine with the teacher's map over the images that are defined. */
  readonly distilledSimilarity: number | null;
  readonly independentSimilarity: number | null;
}

type Input = 'teacherMaps' | 'distilledMaps' | 'independentMaps';
type Statistic =
  | 'distilledNearer'
  | 'independentNearer'
  | 'defined'
  | 'count'
  | 'distilledSum'
  | 'independentSum'
  | 'zeroTeacher'
  | 'zeroDistilled'
  | 'zeroIndependent';

const inputNames: readonly Input[] = ['teacherMaps', 'distilledMaps', 'independentMaps'];

/**
 * Whether distillation makes a student look where its teacher looks: the share of images on which the teacher's saliency
 * map has a larger cosine with the distilled student's map than with that of a student trained without the teacher.
 * Above 0.5 it does; two students trained without the teacher give about 0.5.
 *
 * Inputs: `teacherMaps`, `distilledMaps`, `independentMaps` [batch, height, width], as `gradCam` makes them, of the same
 * images; heights and widths may differ, and bilinear resampling brings them to one grid. An image with a map that is zero
 * everywhere has no cosine and is counted apart. Streams and merges.
 *
 * @throws RangeError for NaN or infinities in the maps.
 * @example
 * const { value, undefinedImages } = measure(saliencyTransfer(), { teacherMaps, distilledMaps, independentMaps });
 * @see Ojha, Li, Sundara Rajan, Liang, Lee: What knowledge gets distilled in knowledge distillation? (2023), section 4.1
 */
// @__NO_SIDE_EFFECTS__
export function saliencyTransfer(
  options: SaliencyTransferOptions = {},
): Metric<Input, Statistic, SaliencyTransferResult> {
  const { grid } = readOptions('saliencyTransfer', options, { grid: optional(readGrid) });
  return {
    name: 'saliencyTransfer',
    reference: saliencyTransfer,
    options: { grid },
    inputs: inputNames,
    optionalInputs: [],

    check(backend, batch) {
      const images = backend.shapeOf(batch.teacherMaps)[0]!;
      for (const name of inputNames) {
        const shape = backend.shapeOf(batch[name]);
        checkRank('saliencyTransfer', name, shape, 3, '[batch, height, width]');
        checkNotEmpty('saliencyTransfer', name, shape);
        if (shape[0] !== images) {
          throw shapeError('saliencyTransfer', name, `of ${images} maps, as teacherMaps is`, shape);
        }
      }
    },

    statistics<T>(backend: Backend<T>, batch: Readonly<Record<Input, T>>) {
      const shapes = inputNames.map((name) => backend.shapeOf(batch[name]));
      const common: Grid = grid ?? [largest(shapes, 1), largest(shapes, 2)];
      const [teacher, distilled, independent] = inputNames.map((name) =>
        resizeBilinear(backend, batch[name], common),
      ) as [T, T, T];
      const first = mapCosines(backend, teacher, distilled);
      const second = mapCosines(backend, teacher, independent);
      const defined = backend.multiply(first.defined, second.defined);
      // Two maps of one direction are equally near, whatever rounding makes of it.
      const rounding = cosineRounding(backend, common[0] * common[1]);
      const [one, images] = [backend.scalar(1), backend.scalar(shapes[0]![0]!)];
      const sumDefined = (values: T): T => backend.sum(backend.where(defined, values, backend.scalar(0)));
      const invalid = inputNames.map((name) => missing(backend, backend.subtract(batch[name], batch[name])));
      return {
        distilledNearer: sumDefined(backend.greater(backend.subtract(first.cosines, second.cosines), rounding)),
        independentNearer: sumDefined(backend.greater(backend.subtract(second.cosines, first.cosines), rounding)),
        defined: backend.sum(defined),
        count: images,
        distilledSum: sumDefined(first.cosines),
        independentSum: sumDefined(second.cosines),
        zeroTeacher: backend.sum(backend.subtract(one, first.nonZero[0])),
        zeroDistilled: backend.sum(backend.subtract(one, first.nonZero[1])),
        zeroIndependent: backend.sum(backend.subtract(one, second.nonZero[1])),
        invalid: invalid.reduce((sum, next) => backend.add(sum, next)),
      };
    },

    faults: { invalid: { argument: 'maps', expected: 'finite', counted: 'NaN or ±Infinity' } },

    state: {
      count: countOf(),
      defined: countOf([], 'count'),
      distilledNearer: countOf([], 'defined'),
      independentNearer: countOf([], 'defined'),
      distilledSum: numberOf(),
      independentSum: numberOf(),
      zeroTeacher: countOf([], 'count'),
      zeroDistilled: countOf([], 'count'),
      zeroIndependent: countOf([], 'count'),
    },

    finish(statistics) {
      const numbers = Object.fromEntries(
        Object.entries(statistics).map(([name, { data }]) => [name, data[0]!]),
      ) as Record<Statistic, number>;
      const { distilledNearer, independentNearer, defined, count } = numbers;
      const over = (sum: number): number | null => (defined > 0 ? sum / defined : null);
      return {
        value: over(distilledNearer),
        status: defined > 0 ? 'defined' : 'noDefinedPair',
        distilledNearer,
        independentNearer,
        equallyNear: defined - distilledNearer - independentNearer,
        defined,
        undefinedImages: count - defined,
        zeroMaps: {
          teacher: numbers.zeroTeacher,
          distilled: numbers.zeroDistilled,
          independent: numbers.zeroIndependent,
        },
        count,
        distilledSimilarity: over(numbers.distilledSum),
        independentSimilarity: over(numbers.independentSum),
      };
    },
  };
}

function largest(shapes: readonly (readonly number[])[], axis: number): number {
  return Math.max(...shapes.map((shape) => shape[axis]!));
}
