/**
 * Averages of maps over a coarser grid. Of n places, part i of l takes ⌊i·n/l⌋ up to, but not with, ⌈(i + 1)·n/l⌉: parts
 * overlap where l does not divide n.
 */
import type { Backend } from '../backend.ts';
import type { Grid } from './resizeBilinear.ts';
import { separableMap } from './separableMap.ts';

/** The weights [to, from] with which `to` averages read `from` places. */
export function averageWeights(from: number, to: number): Float64Array {
  const weights = new Float64Array(to * from);
  for (let part = 0; part < to; part++) {
    const start = Math.floor((part * from) / to);
    const end = Math.ceil(((part + 1) * from) / to);
    weights.fill(1 / (end - start), part * from + start, part * from + end);
  }
  return weights;
}

/** Maps [n, height, width] averaged to a grid. */
export function adaptiveAverage<T>(backend: Backend<T>, maps: T, [toHeight, toWidth]: Grid): T {
  const [, height = 1, width = 1] = backend.shapeOf(maps);
  return separableMap(backend, maps, weightsOf(backend, height, toHeight), weightsOf(backend, width, toWidth));
}

/** The gradient in the maps, on the grid they have, from that in their averages. */
export function adaptiveAverageGradient<T>(backend: Backend<T>, gradient: T, [height, width]: Grid): T {
  const [, fromHeight = 1, fromWidth = 1] = backend.shapeOf(gradient);
  const transposed = (from: number, to: number): T | undefined => {
    const weights = weightsOf(backend, to, from);
    return weights === undefined ? undefined : backend.transpose(weights);
  };
  return separableMap(backend, gradient, transposed(fromHeight, height), transposed(fromWidth, width));
}

function weightsOf<T>(backend: Backend<T>, from: number, to: number): T | undefined {
  return from === to ? undefined : backend.fromHost({ data: averageWeights(from, to), shape: [to, from] });
}
