/**
 * Averages of maps over several square grids, from one pair of products: the averages along height and along width of all grids side
 * by side, L = Σ levels of each. Of their [L, L] combinations those of a grid with itself are the pyramid.
 */
import type { Backend } from '../backend.ts';
import { averageWeights } from './adaptiveAverage.ts';
import type { Grid } from './resizeBilinear.ts';
import { separableMap } from './separableMap.ts';

/** Maps [n, height, width] averaged over grids of these extents, [n, L, L]. */
export function averagePyramid<T>(backend: Backend<T>, maps: T, [height, width]: Grid, levels: readonly number[]): T {
  return separableMap(backend, maps, stacked(backend, height, levels), stacked(backend, width, levels));
}

/** The gradient in the maps, from that in their averages, [n, L, L]. */
export function averagePyramidGradient<T>(
  backend: Backend<T>,
  gradient: T,
  [height, width]: Grid,
  levels: readonly number[],
): T {
  const back = (extent: number): T => backend.transpose(stacked(backend, extent, levels));
  return separableMap(backend, gradient, back(height), back(width));
}

/** Averages [n, L, L], those of a grid times its weight, and 0 for what is of two grids. */
export function weighPyramid<T>(backend: Backend<T>, averages: T, levels: readonly number[], of: readonly number[]): T {
  const extent = extentOf(levels);
  const weights = new Float64Array(extent ** 2);
  levels.forEach((level, index) => {
    const start = extentOf(levels.slice(0, index));
    for (let row = start; row < start + level; row++) {
      weights.fill(of[index]!, row * extent + start, row * extent + start + level);
    }
  });
  const factors = backend.fromHost({ data: weights, shape: [1, extent, extent] });
  const zero = backend.scalar(0);
  // Not by a product alone: what is of two grids may be infinite.
  return backend.where(backend.greater(factors, zero), backend.multiply(averages, factors), zero);
}

const extentOf = (levels: readonly number[]): number => levels.reduce((sum, level) => sum + level, 0);

function stacked<T>(backend: Backend<T>, from: number, levels: readonly number[]): T {
  const data = levels.flatMap((level) => Array.from(averageWeights(from, level)));
  return backend.fromHost({ data: Float64Array.from(data), shape: [extentOf(levels), from] });
}
