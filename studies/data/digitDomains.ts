/**
 * MNIST in three domains of the same digits, in colour: as it was published, on backgrounds of one random colour, and blended
 * with patches of texture as MNIST-M is with photographs (|patch − digit|; Ganin and others, 2016).
 *
 * MNIST-M's photographs (BSDS) are not free to be here. Seeded textures stand in for them, as many, of which an image gets a
 * random crop: coloured noise over octaves with amplitudes as 1/frequency, the spectrum of natural images, around a random colour.
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
  const patchOf = cropsOf(deriveSeed(seed, 2));
  return {
    orig: (dataset, index, target) => paint(dataset, index, target, (digit) => digit),
    color(dataset, index, target) {
      const colour = colourOf(deriveSeed(seed, 1), index);
      paint(dataset, index, target, (digit, _at, channel) => digit + (1 - digit) * colour[channel]!);
    },
    m(dataset, index, target) {
      const patch = patchOf(index);
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

/** As many as BSDS has in a part. */
const textureCount = 200;
const textureSide = 64;
/** Cells a side of each octave's grid. */
const octaves: readonly number[] = [5, 9, 16, 32];

/** Random crops [side, side, 3] of a set of textures, each of which is made when it is first asked for. */
function cropsOf(seed: number): (index: number) => Float32Array {
  const textures: Float32Array[] = [];
  const room = textureSide - imageSide + 1;
  return (index) => {
    const draw = (part: number, bound: number): number => Math.floor(bound * uniform(deriveSeed(seed, part), index));
    const which = draw(0, textureCount);
    textures[which] ??= texture(deriveSeed(seed, 3 + which));
    const [top, left] = [draw(1, room), draw(2, room)];
    const crop = new Float32Array(valuesPerImage);
    for (let row = 0; row < imageSide; row++) {
      const start = ((top + row) * textureSide + left) * channels;
      crop.set(textures[which].subarray(start, start + imageSide * channels), row * imageSide * channels);
    }
    return crop;
  };
}

/** [side, side, 3] in [0, 1]. Its channels share most of the noise, as those of photographs do. */
function texture(seed: number): Float32Array {
  const values = new Float32Array(textureSide ** 2 * channels);
  const base = colourOf(deriveSeed(seed, 0), 0);
  for (let at = 0; at < values.length; at++) values[at] = base[at % channels]!;
  for (const [octave, cells] of octaves.entries()) {
    addOctave(values, deriveSeed(seed, octave + 1), cells, 0.25 / (octave + 1));
  }
  for (let at = 0; at < values.length; at++) values[at] = Math.min(1, Math.max(0, values[at]!));
  return values;
}

/** Noise on a grid of cells, bilinear between its points. */
function addOctave(values: Float32Array, seed: number, cells: number, amplitude: number): void {
  const points = cells + 1;
  const grid = Float32Array.from({ length: points * points * channels }, (_, at) => {
    const point = Math.floor(at / channels);
    return amplitude * (0.8 * randomNormal(seed, point) + 0.6 * randomNormal(seed, points * points + at));
  });
  for (let row = 0, at = 0; row < textureSide; row++) {
    const [y, v] = split((row * cells) / textureSide);
    for (let column = 0; column < textureSide; column++) {
      const [x, u] = split((column * cells) / textureSide);
      const [above, below] = [(y * points + x) * channels, ((y + 1) * points + x) * channels];
      for (let channel = 0; channel < channels; channel++, at++) {
        const along = (from: number): number => grid[from + channel]! * (1 - u) + grid[from + channels + channel]! * u;
        values[at]! += along(above) * (1 - v) + along(below) * v;
      }
    }
  }
}

function split(position: number): readonly [whole: number, rest: number] {
  const whole = Math.floor(position);
  return [whole, position - whole];
}
