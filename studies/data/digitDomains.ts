/**
 * MNIST in three domains of the same digits, in colour: as it was published, on backgrounds of one random colour, and blended
 * with patches of texture as MNIST-M is with photographs (|patch − digit|; Ganin and others, 2016).
 *
 * MNIST-M's photographs (BSDS) are not free to be here. A patch is a seeded texture instead: coloured noise over octaves with
 * amplitudes as 1/frequency, the spectrum of natural images, around a random colour.
 */
import { deriveSeed, randomBits, randomNormal } from 'dark-knowledge';
import { type Dataset, imageSide, pixelsPerImage } from '../../examples/mnist/data.ts';

export type DomainName = 'orig' | 'color' | 'm';

export const channels = 3;
export const valuesPerImage: number = pixelsPerImage * channels;

/** Writes image `index` of a data set in a domain, [side, side, 3] in [0, 1], at the start of `target`. */
export type Domain = (dataset: Dataset, index: number, target: Float32Array) => void;

/** The domains; which colour and patch an image gets is drawn from the seed and its index. */
export function digitDomains(seed: number): Readonly<Record<DomainName, Domain>> {
  return {
    orig: (dataset, index, target) => paint(dataset, index, target, (digit) => digit),
    color(dataset, index, target) {
      const colour = colourOf(deriveSeed(seed, 1), index);
      paint(dataset, index, target, (digit, _at, channel) => digit + (1 - digit) * colour[channel]!);
    },
    m(dataset, index, target) {
      const patch = texture(deriveSeed(seed, 2), index);
      paint(dataset, index, target, (digit, at) => Math.abs(patch[at]! - digit));
    },
  };
}

/** Images of a domain, one after another. */
export function imagesIn(domain: Domain, dataset: Dataset, indices: ArrayLike<number>): Float32Array {
  const images = new Float32Array(indices.length * valuesPerImage);
  for (let row = 0; row < indices.length; row++) {
    domain(dataset, indices[row]!, images.subarray(row * valuesPerImage, (row + 1) * valuesPerImage));
  }
  return images;
}

function paint(
  dataset: Dataset,
  index: number,
  target: Float32Array,
  value: (digit: number, at: number, channel: number) => number,
): void {
  for (let pixel = 0, at = 0; pixel < pixelsPerImage; pixel++) {
    const digit = dataset.images[index * pixelsPerImage + pixel]!;
    for (let channel = 0; channel < channels; channel++, at++) target[at] = value(digit, at, channel);
  }
}

function colourOf(seed: number, index: number): readonly number[] {
  return Array.from({ length: channels }, (_, channel) => uniform(seed, index * channels + channel));
}

function uniform(seed: number, index: number): number {
  return randomBits(seed, index) / 2 ** 32;
}

/** Cells a side of each octave's grid. */
const octaves: readonly number[] = [2, 4, 7, 14];

/** A patch, [side, side, 3]. Its channels share four fifths of the noise, as those of photographs do. */
function texture(seed: number, index: number): Float32Array {
  const own = deriveSeed(seed, index);
  const patch = new Float32Array(valuesPerImage);
  const base = colourOf(deriveSeed(own, 0), 0);
  for (let at = 0; at < patch.length; at++) patch[at] = base[at % channels]!;
  for (const [octave, cells] of octaves.entries()) {
    addOctave(patch, deriveSeed(own, octave + 1), cells, 0.5 / (octave + 1));
  }
  for (let at = 0; at < patch.length; at++) patch[at] = Math.min(1, Math.max(0, patch[at]!));
  return patch;
}

/** Noise on a grid of cells, bilinear between its points. */
function addOctave(patch: Float32Array, seed: number, cells: number, amplitude: number): void {
  const points = cells + 1;
  const grid = Float32Array.from({ length: points * points * channels }, (_, at) => {
    const point = Math.floor(at / channels);
    return 0.8 * randomNormal(seed, point) + 0.6 * randomNormal(seed, points * points + at);
  });
  for (let row = 0, at = 0; row < imageSide; row++) {
    const [y, v] = split((row * cells) / imageSide);
    for (let column = 0; column < imageSide; column++) {
      const [x, u] = split((column * cells) / imageSide);
      for (let channel = 0; channel < channels; channel++, at++) {
        const point = (yy: number, xx: number): number => grid[(yy * points + xx) * channels + channel]!;
        const above = point(y, x) * (1 - u) + point(y, x + 1) * u;
        const below = point(y + 1, x) * (1 - u) + point(y + 1, x + 1) * u;
        patch[at]! += amplitude * 0.5 * (above * (1 - v) + below * v);
      }
    }
  }
}

function split(position: number): readonly [whole: number, rest: number] {
  const whole = Math.floor(position);
  return [whole, position - whole];
}
