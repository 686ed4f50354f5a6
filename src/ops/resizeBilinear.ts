/**
 * Bilinear resampling of maps [batch, height, width] as two matrix products, one an axis. Pixels are areas: output i takes
 * its value at (i + ½)·from/to − ½ of the input, held at the borders. No smoothing where the map shrinks.
 */
import type { Backend } from '../backend.ts';
import { separableMap } from './separableMap.ts';

/** Height and width. */
export type Grid = readonly [height: number, width: number];

/** The weights [to, from] with which `to` outputs read `from` inputs. */
export function bilinearWeights(from: number, to: number): Float64Array {
  const weights = new Float64Array(to * from);
  for (let output = 0; output < to; output++) {
    const position = Math.min(Math.max(((output + 0.5) * from) / to - 0.5, 0), from - 1);
    const before = Math.floor(position);
    const after = Math.min(before + 1, from - 1);
    weights[output * from + before]! += 1 - (position - before);
    weights[output * from + after]! += position - before;
  }
  return weights;
}

/** Maps [batch, height, width] on another grid. */
export function resizeBilinear<T>(backend: Backend<T>, maps: T, [height, width]: Grid): T {
  const [, fromHeight = 1, fromWidth = 1] = backend.shapeOf(maps);
  const weights = (from: number, to: number): T | undefined =>
    from === to ? undefined : backend.fromHost({ data: bilinearWeights(from, to), shape: [to, from] });
  return separableMap(backend, maps, weights(fromHeight, height), weights(fromWidth, width));
}

/** `resizeBilinear` on a host array, in float64. */
export function resizeBilinearOnHost(
  maps: ArrayLike<number>,
  [batch, fromHeight, fromWidth]: readonly [number, number, number],
  [height, width]: Grid,
): Float64Array {
  const rowWeights = bilinearWeights(fromHeight, height);
  const columnWeights = bilinearWeights(fromWidth, width);
  const resized = new Float64Array(batch * height * width);
  for (let map = 0; map < batch; map++) {
    for (let row = 0; row < fromHeight; row++) {
      for (let column = 0; column < width; column++) {
        let value = 0;
        for (let source = 0; source < fromWidth; source++) {
          value += columnWeights[column * fromWidth + source]! * maps[(map * fromHeight + row) * fromWidth + source]!;
        }
        for (let target = 0; target < height; target++) {
          resized[(map * height + target) * width + column]! += rowWeights[target * fromHeight + row]! * value;
        }
      }
    }
  }
  return resized;
}
