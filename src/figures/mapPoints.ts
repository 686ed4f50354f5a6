/** The points of a map, from either result that holds some, and the window through which they are seen. */
import type { TrainingPathResult } from '../metrics/similarity/trainingPath.ts';
import { allFinite, listOf, sameLength, wrongKind } from './refusals.ts';

/** What a map shows of `trainingPath`'s result. */
export interface ModelPaths extends Pick<TrainingPathResult<string, string>, 'stress1'> {
  readonly paths: Readonly<
    Record<string, { readonly checkpoints: readonly string[]; readonly coordinates: readonly (readonly number[])[] }>
  >;
}

/** Points of `multidimensionalScaling`, with the names of what they stand for. */
export interface ModelPoints {
  readonly coordinates: readonly (readonly number[])[];
  readonly stress1: number;
  /** One for each point. */
  readonly names: readonly string[];
  /** To which group each point belongs (`'distilled'`), which gives it colour and shape; left out, each its own. */
  readonly groups?: readonly string[];
}

/** A point of a map. */
export interface MapPoint {
  readonly x: number;
  readonly y: number;
  /** Its model or group. */
  readonly series: string;
  /** Its checkpoint or model. */
  readonly name: string;
  readonly step: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** False where a long path leaves it out. */
  readonly isDrawn: boolean;
}

/** Checkpoints of a path beyond this number are thinned to every k-th; the last one stays. */
const mostSteps = 200;

function place(where: string, argument: string, coordinates: readonly number[]): readonly [x: number, y: number] {
  allFinite(where, argument, coordinates);
  return [coordinates[0] ?? 0, coordinates[1] ?? 0];
}

/** The checkpoints of every path. */
export function pathPoints(where: string, { paths }: ModelPaths): MapPoint[] {
  if (typeof paths !== 'object' || paths === null) throw wrongKind(where, 'paths', 'a record of paths', paths);
  return Object.entries(paths).flatMap(([series, { checkpoints, coordinates }]) => {
    const length = listOf(where, `paths.${series}.coordinates`, coordinates).length;
    sameLength(where, `paths.${series}.checkpoints`, checkpoints, 'coordinates', length);
    const every = Math.ceil(length / mostSteps);
    return coordinates.map((point, step): MapPoint => {
      const [x, y] = place(where, `paths.${series}.coordinates[${step}]`, point);
      const isLast = step === length - 1;
      const isDrawn = isLast || step % every === 0;
      return { x, y, series, name: checkpoints[step]!, step, isFirst: step === 0, isLast, isDrawn };
    });
  });
}

/** Models that stand still. */
export function standingPoints(where: string, { coordinates, names, groups }: ModelPoints): MapPoint[] {
  const length = listOf(where, 'coordinates', coordinates).length;
  sameLength(where, 'names', names, 'coordinates', length);
  if (groups !== undefined) sameLength(where, 'groups', groups, 'coordinates', length);
  return coordinates.map((point, index): MapPoint => {
    const [x, y] = place(where, `coordinates[${index}]`, point);
    const name = names[index]!;
    return { x, y, series: groups?.[index] ?? name, name, step: 0, isFirst: false, isLast: true, isDrawn: true };
  });
}

/** The window of a map. */
export interface MapView {
  readonly x: [low: number, high: number];
  readonly y: [low: number, high: number];
  readonly width: number;
  readonly height: number;
}

/** The window around points: a pixel is as much across as up. */
export function viewOf(points: readonly MapPoint[], width: number): MapView {
  const extent = (axis: 'x' | 'y'): readonly [middle: number, span: number] => {
    let [low, high] = [Infinity, -Infinity];
    for (const point of points) {
      low = Math.min(low, point[axis]);
      high = Math.max(high, point[axis]);
    }
    return [(low + high) / 2, high - low];
  };
  const [[middleX, spanX], [middleY, spanY]] = [extent('x'), extent('y')];
  const margin = 1.16;
  // From a flat map to a square one.
  const shape = Math.min(1, Math.max(0.4, spanX > 0 ? spanY / spanX : spanY > 0 ? 1 : 0.4));
  const height = Math.round(width * shape);
  const unit =
    Math.max((margin * spanX) / width, (margin * spanY) / height) ||
    Math.max(1, Math.abs(middleX), Math.abs(middleY)) / width;
  const around = (middle: number, pixels: number): [number, number] => [
    middle - (unit * pixels) / 2,
    middle + (unit * pixels) / 2,
  ];
  return { x: around(middleX, width), y: around(middleY, height), width, height };
}
