/** Does a student lean more on the top directions of the data than its teacher? Numbers of weights' ways along them. */
import {
  eigenComponents,
  eigenDirections,
  type HostTensor,
  imagePatches,
  measure,
  randomBelow,
  tensor,
} from 'dark-knowledge';
import { type Dataset, imageSide, pixelsPerImage } from '../../examples/mnist/data.ts';
import type { NetworkKind } from '../models/learners.ts';

/** Components along directions, from the top, by checkpoint. */
export interface Ways {
  readonly eigenvalues: ArrayLike<number>;
  readonly teacher: readonly ArrayLike<number>[];
  readonly student: readonly ArrayLike<number>[];
}

export type DirectionPair = readonly [top: number, bottom: number];

export interface WaysMeasured {
  /** By how much the top direction leads, of teacher and student: mean over pairs, from 0 through ½, at one pace, to 1. */
  readonly lead: { readonly teacher: number; readonly student: number };
  readonly comparison: EqualProgressComparison;
}

/** Shares of no comparison are not defined: NaN. */
export interface EqualProgressComparison {
  /** 1 − student/teacher along the bottom direction, where both have come equally far along the top one: the mean. */
  readonly shortfall: number;
  /** In how many of the comparisons it is above 0. */
  readonly share: number;
  readonly count: number;
}

export interface EigenOptions {
  readonly directions: number;
  readonly patchSeed: number;
}

/** The ways of the first layer's weights along the eigen-directions of what the layer sees. */
export function waysOf(
  kind: NetworkKind,
  images: Dataset,
  { teacher, student }: { readonly teacher: readonly HostTensor[]; readonly student: readonly HostTensor[] },
  { directions: wanted, patchSeed }: EigenOptions,
): Ways {
  const data =
    kind === 'mlp'
      ? tensor(images.images, [images.count, pixelsPerImage])
      : imagePatches(tensor(images.images, [images.count, imageSide, imageSide, 1]), {
          size: [3, 3],
          count: 20 * images.count,
          seed: patchSeed,
        });
  const { eigenvalues, directions } = measure(eigenDirections(), { data });
  const features = directions.shape[1]!;
  const kept = Math.min(wanted, features);
  return eigenComponents({
    eigen: {
      eigenvalues: eigenvalues.subarray(0, kept),
      directions: tensor((directions.data as Float64Array).subarray(0, kept * features), [kept, features]),
    },
    teacher,
    student,
  });
}

/** Pairs of different directions, the upper one first. */
export function randomPairs(seed: number, directions: number, count: number): readonly DirectionPair[] {
  return Array.from({ length: count }, (_, at) => {
    const one = randomBelow(seed, 2 * at, directions);
    const other = (one + 1 + randomBelow(seed, 2 * at + 1, directions - 1)) % directions;
    return [Math.min(one, other), Math.max(one, other)];
  });
}

export function waysMeasured(ways: Ways, pairs: readonly DirectionPair[]): WaysMeasured {
  const mean = (of: (pair: DirectionPair) => number): number =>
    pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length;
  return {
    lead: {
      teacher: mean((pair) => leadOf(ways.teacher, pair)),
      student: mean((pair) => leadOf(ways.student, pair)),
    },
    comparison: atEqualProgress(ways, pairs),
  };
}

/**
 * The area under the way of one model over the plane of two directions, each as the share of its own length: ½ for one pace
 * along both, 1 where the top direction is done before the bottom one starts.
 */
function leadOf(path: Ways['teacher'], [top, bottom]: DirectionPair): number {
  const share = (step: number, direction: number): number => {
    const end = path.at(-1)![direction]!;
    return end > 0 ? path[step]![direction]! / end : 0;
  };
  let area = 0;
  for (let step = 1; step < path.length; step++) {
    area += ((share(step, top) + share(step - 1, top)) / 2) * (share(step, bottom) - share(step - 1, bottom));
  }
  return area;
}

/** Theorem 4.1's comparison, at each of the teacher's checkpoints that lies well within both ways along the top direction. */
export function atEqualProgress({ teacher, student }: Ways, pairs: readonly DirectionPair[]): EqualProgressComparison {
  const shortfalls = pairs.flatMap(([top, bottom]) => {
    const reach = Math.min(teacher.at(-1)![top]!, student.at(-1)![top]!);
    return teacher.flatMap((components) => {
      const [along, across] = [components[top]!, components[bottom]!];
      if (!(along > 0.05 * reach && along < 0.95 * reach && across > 0)) return [];
      return [1 - componentWhen(student, top, along, bottom) / across];
    });
  });
  const count = shortfalls.length;
  return {
    shortfall: shortfalls.reduce((sum, value) => sum + value, 0) / count,
    share: shortfalls.filter((value) => value > 0).length / count,
    count,
  };
}

/** Along `bottom`, when `top` first reaches a value that it does reach; straight between checkpoints. */
function componentWhen(path: Ways['student'], top: number, value: number, bottom: number): number {
  const step = path.findIndex((components) => components[top]! >= value);
  if (step === 0) return path[0]![bottom]!;
  const [before, after] = [path[step - 1]!, path[step]!];
  const part = (value - before[top]!) / (after[top]! - before[top]!);
  return before[bottom]! + part * (after[bottom]! - before[bottom]!);
}
