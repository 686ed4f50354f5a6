/** Where attacks with a random start begin: uniformly inside the bound, the same on every backend. */
import { deriveSeed, randomNormal, randomUniform } from '../../random.ts';

/** Offsets of pixels, uniform in [−1, 1], for a bound of each pixel. */
export function uniformOffsets(seed: number, size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, index) => 2 * randomUniform(seed, index) - 1);
}

/** Offsets uniform in the unit ball of each image of so many pixels: a random direction, and a radius u^(1/pixels). */
export function ballOffsets(seed: number, images: number, pixels: number): Float64Array {
  const offsets = Float64Array.from({ length: images * pixels }, (_, index) => randomNormal(seed, index));
  const radii = deriveSeed(seed, 1);
  for (let image = 0; image < images; image++) {
    const own = offsets.subarray(image * pixels, (image + 1) * pixels);
    const length = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0));
    const radius = randomUniform(radii, image) ** (1 / pixels);
    for (let pixel = 0; pixel < pixels; pixel++) own[pixel]! *= radius / length;
  }
  return offsets;
}
