import { checkNotEmpty, checkRank, checkWhole, kindError, rangeError } from '../../check.ts';
import type { FeatureLayout } from '../../ops/affine.ts';
import { type OptionReader, optional, readOptions, whole, word } from '../../options.ts';
import { deriveSeed, randomBelow } from '../../random.ts';
import { type HostTensor, type TensorLike, toHostTensor } from '../../tensor.ts';

/** Options of `imagePatches`. */
export interface ImagePatchesOptions {
  /** Height and width of the convolution's kernel. */
  readonly size: readonly [height: number, width: number];
  /** The distance of neighbouring patches, where all are taken. Default 1. */
  readonly stride?: number;
  /** Take this many patches at random, with repetition, in place of all. */
  readonly count?: number;
  /** For `count`. Default 0. */
  readonly seed?: number;
  /** `'channelsLast'`: [batch, height, width, channels], the default. `'channelsFirst'`: [batch, channels, height, width]. */
  readonly layout?: FeatureLayout;
}

/**
 * What a convolution's kernel sees: patches of images as rows, for `eigenDirections`. Without padding, so every patch is
 * whole. The order of a row's features is that of the kernel: (row, column, channel) with channels last, (channel, row,
 * column) with channels first, so that patches × kernel matrix is the convolution.
 *
 * @param images [batch, height, width, channels], or channels first.
 * @returns [patches, features], image by image, row by row, column by column; or `count` random ones.
 * @throws RangeError for a kernel larger than the image.
 * @example
 * const data = imagePatches(images, { size: [3, 3], count: 10_000, seed: 1 });
 * const { directions } = measure(eigenDirections(), { data });
 * @see Nagarajan, Menon, Bhojanapalli, Mobahi, Kumar: On student-teacher deviations in distillation (2023), D.3
 */
export function imagePatches(images: TensorLike, options: ImagePatchesOptions): HostTensor {
  const where = 'imagePatches';
  const { size, stride, count, seed, layout } = readOptions(where, options, {
    size: kernelSize,
    stride: whole(1, 1),
    count: optional(whole(1)),
    seed: whole(0, 0),
    layout: word(['channelsLast', 'channelsFirst'], 'channelsLast'),
  });
  const [kernelHeight, kernelWidth] = size;
  const { data, shape } = toHostTensor(images, where, 'images');
  checkRank(where, 'images', shape, 4, '[batch, height, width, channels]');
  checkNotEmpty(where, 'images', shape);
  const last = layout === 'channelsLast';
  const batch = shape[0]!;
  const [height, width, channels] = (last ? [1, 2, 3] : [2, 3, 1]).map((axis) => shape[axis]!) as [
    number,
    number,
    number,
  ];
  if (kernelHeight > height || kernelWidth > width) {
    throw rangeError(where, 'size', `at most the image's, [${height}, ${width}]`, size);
  }
  const [rowStride, columnStride, channelStride] = last ? [width * channels, channels, 1] : [width, 1, height * width];

  const features = kernelHeight * kernelWidth * channels;
  const offsets = new Int32Array(features);
  for (let feature = 0; feature < features; feature++) {
    const place = last ? Math.floor(feature / channels) : feature % (kernelHeight * kernelWidth);
    const channel = last ? feature % channels : Math.floor(feature / (kernelHeight * kernelWidth));
    const [row, column] = [Math.floor(place / kernelWidth), place % kernelWidth];
    offsets[feature] = row * rowStride + column * columnStride + channel * channelStride;
  }

  const across = Math.floor((width - kernelWidth) / stride) + 1;
  const perImage = (Math.floor((height - kernelHeight) / stride) + 1) * across;
  const patches = count ?? batch * perImage;
  const result = new Float64Array(patches * features);
  const [imageSeed, placeSeed] = [deriveSeed(seed, 0), deriveSeed(seed, 1)];
  for (let patch = 0; patch < patches; patch++) {
    const image = count === undefined ? Math.floor(patch / perImage) : randomBelow(imageSeed, patch, batch);
    const place = count === undefined ? patch % perImage : randomBelow(placeSeed, patch, perImage);
    const [row, column] = [Math.floor(place / across) * stride, (place % across) * stride];
    const start = image * height * width * channels + row * rowStride + column * columnStride;
    for (let feature = 0; feature < features; feature++) {
      result[patch * features + feature] = data[start + offsets[feature]!]!;
    }
  }
  return { data: result, shape: [patches, features] };
}

/** The reader of a kernel's height and width. */
const kernelSize: OptionReader<readonly [number, number]> = (where, name, given) => {
  if (!Array.isArray(given) || given.length !== 2) throw kindError(where, name, '[height, width]', given);
  const [height, width] = given as [number, number];
  checkWhole(where, name, height, 1);
  checkWhole(where, name, width, 1);
  return [height, width];
};
