/**
 * What is left between two nearly equal shapes, from the samples themselves. 2 − 2ν, with the nuclear norm ν of their product, is
 * a difference of numbers of its own rounding where ν is near 1; the squares of what is left are not.
 */
import { product, strided } from '../../algebra/product.ts';
import { roomFor } from '../../algebra/room.ts';
import { singularDecomposition } from '../../algebra/singularValues.ts';
import type { HostStatistic } from '../../metricState.ts';
import type { Extents } from './pairSimilarity.ts';

/** Samples [n, width], row-major. */
interface Samples {
  readonly data: Float64Array;
  readonly width: number;
}

/** Whether samples are few enough to be kept and decomposed: 32 MB a set, and seconds. */
export function keepsSamples({ samples, x, y }: Extents): boolean {
  const width = Math.max(...x, ...y);
  return samples * width <= 2 ** 22 && Math.min(samples, width) <= 1024;
}

/** |X − YQ|² after the best rotation and reflection Q, both sets centred and of norm 1, in [0, 2]. */
export function shapeResidual(x: HostStatistic, y: HostStatistic): number {
  const samples = x.shape[0]!;
  const [own, other] = [inOwnDirections(unitShape(x), samples), inOwnDirections(unitShape(y), samples)];
  const [wide, narrow] = own.width >= other.width ? [own, other] : [other, own];
  const between = product(
    strided(wide.data, wide.width, true),
    strided(narrow.data, narrow.width),
    wide.width,
    samples,
    narrow.width,
    false,
    roomFor,
  );
  const { left, right } = singularDecomposition(between, wide.width, narrow.width);
  const [turns, directions] = [strided(right, narrow.width, true), strided(left, wide.width)];
  const rotation = product(turns, directions, narrow.width, narrow.width, wide.width, false, roomFor);
  const [rows, turn] = [strided(narrow.data, narrow.width), strided(rotation, wide.width)];
  const turned = product(rows, turn, samples, narrow.width, wide.width, false, roomFor);
  return wide.data.reduce((sum, value, index) => sum + (value - turned[index]!) ** 2, 0);
}

/** Centred, over the norm. */
function unitShape({ data, shape }: HostStatistic): Samples {
  const width = shape[1]!;
  const samples = shape[0]!;
  const centred = data.slice();
  const means = new Float64Array(width);
  // The first sample goes before the mean does, so that what is far from 0 keeps its digits.
  for (let start = 0; start < centred.length; start += width) {
    for (let column = 0; column < width; column++) means[column]! += centred[start + column]! -= data[column]!;
  }
  let square = 0;
  for (let start = 0; start < centred.length; start += width) {
    for (let column = 0; column < width; column++) {
      const value = centred[start + column]! - means[column]! / samples;
      centred[start + column] = value;
      square += value * value;
    }
  }
  const norm = Math.sqrt(square);
  return { data: centred.map((value) => value / norm), width };
}

/** The same shape in as many directions as there are samples, where there are more features: U·S of X = U·S·Vᵀ. */
function inOwnDirections(shape: Samples, samples: number): Samples {
  if (shape.width <= samples) return shape;
  const { values, left } = singularDecomposition(shape.data, samples, shape.width);
  const data = new Float64Array(samples * samples);
  values.forEach((value, direction) => {
    for (let row = 0; row < samples; row++) data[row * samples + direction] = value * left[direction * samples + row]!;
  });
  return { data, width: samples };
}
