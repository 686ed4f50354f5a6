import type { Backend } from '../backend.ts';

/**
 * A linear map of each of the maps [n, height, width] that acts on rows and columns apart: A·map·Bᵀ, as two products over
 * all maps. A [toHeight, height] or B [toWidth, width] is left out where that axis stays as it is.
 */
export function separableMap<T>(backend: Backend<T>, maps: T, alongHeight?: T, alongWidth?: T): T {
  const alongLast = (x: T, weights: T): T => {
    const [count = 1, other = 1, from = 1] = backend.shapeOf(x);
    const [to = 1] = backend.shapeOf(weights);
    const rows = backend.reshape(x, [count * other, from]);
    return backend.reshape(backend.matMul(rows, weights, { transposeB: true }), [count, other, to]);
  };
  const across = alongWidth === undefined ? maps : alongLast(maps, alongWidth);
  return alongHeight === undefined ? across : backend.transpose(alongLast(backend.transpose(across), alongHeight));
}
