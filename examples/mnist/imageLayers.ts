/**
 * The layers that keep height and width, for the teacher. Tensors are `[batch, height, width, channels]`; gradients are
 * stated as in `layers.ts`, and for the same reasons.
 */
import * as tf from '@tensorflow/tfjs-core';
import { columnSums, differentiable, type InputOptions, reshape } from './layers.ts';

/**
 * A convolution with odd sides, stride 1 and zero padding that keeps height and width; it has no bias.
 *
 * Both gradients are convolutions again, so they run on the backend's fast kernel. With respect to the input: of the
 * upstream gradient with the turned filter. With respect to the filter: of the input with the upstream gradient as one
 * large filter, where examples take the part of input channels and channels that of examples.
 */
export function convolution(
  input: tf.Tensor4D,
  filter: tf.Variable<tf.Rank.R4>,
  { inputIsData = false }: InputOptions = {},
): tf.Tensor4D {
  const [vertical, horizontal] = [(filter.shape[0] - 1) / 2, (filter.shape[1] - 1) / 2];
  // A single number would do for square images alone: for it tfjs takes the filter's height for its width as well.
  const padding: tf.backend_util.ExplicitPadding = [
    [0, 0],
    [vertical, vertical],
    [horizontal, horizontal],
    [0, 0],
  ];
  return differentiable(
    inputIsData ? [filter] : [filter, input],
    (save) => {
      save([filter, input]);
      return tf.conv2d(input, filter, 1, padding);
    },
    (upstream, saved) => {
      const [savedFilter, savedInput] = saved as [tf.Tensor4D, tf.Tensor4D];
      const filterGradient = filterGradientOf(savedInput, upstream, savedFilter.shape, padding);
      if (inputIsData) return [filterGradient];
      const turned = tf.transpose(tf.reverse(savedFilter, [0, 1]), [0, 1, 3, 2]);
      return [filterGradient, tf.conv2d(upstream, turned, 1, padding)];
    },
  );
}

const filterGradientKernel = 'Conv2DBackpropFilter';

function filterGradientOf(
  input: tf.Tensor4D,
  upstream: tf.Tensor4D,
  filterShape: tf.Tensor4D['shape'],
  padding: tf.backend_util.ExplicitPadding,
): tf.Tensor4D {
  // TensorFlow's own backend has a kernel for it, three times as fast; WebAssembly has none.
  if (tf.getKernel(filterGradientKernel, tf.getBackend()) !== undefined) {
    const inputs = { x: input, dy: upstream };
    return tf.engine().runKernel(filterGradientKernel, inputs, {
      strides: [1, 1],
      pad: 'same',
      dataFormat: 'NHWC',
      filterShape,
    }) as tf.Tensor4D;
  }
  const channelsFirst = tf.transpose(input, [3, 1, 2, 0]);
  const asFilter = tf.transpose(upstream, [1, 2, 0, 3]);
  return tf.transpose(tf.conv2d(channelsFirst, asFilter, 1, padding), [1, 2, 0, 3]);
}

/**
 * The largest value in each of the windows that tile height and width. Where several values of a window are equally
 * large, as everywhere in an empty part of an image, each gets an equal share of the gradient.
 */
export function maxPool(input: tf.Tensor4D, [height, width]: [number, number]): tf.Tensor4D {
  const window: [number, number] = [height, width];
  return differentiable(
    [input],
    (save) => {
      const output = tf.maxPool(input, window, window, 'valid');
      save([input, output]);
      return output;
    },
    (upstream, saved) => {
      const [savedInput, output] = saved as [tf.Tensor4D, tf.Tensor4D];
      const size: [number, number] = [savedInput.shape[1], savedInput.shape[2]];
      const spread = (values: tf.Tensor4D) => tf.image.resizeNearestNeighbor(values, size);
      // On wasm step, sub and mul are several times faster than equal and where.
      const isLargest = tf.sub<tf.Tensor4D>(1, tf.sign(tf.sub(spread(output), savedInput)));
      const shareLargest = tf.avgPool(isLargest, window, window, 'valid');
      const perElement = tf.div<tf.Tensor4D>(upstream, tf.mul(shareLargest, height * width));
      return [tf.mul(isLargest, spread(perElement))];
    },
  );
}

/** The largest of `pieces` groups of channels (Goodfellow and others, 2013); channel c is in unit c mod (channels / pieces). */
export function maxout(input: tf.Tensor4D, pieces: number): tf.Tensor4D {
  const [batch, height, width, channels] = input.shape;
  const units = channels / pieces;
  const asColumns = reshape<tf.Tensor4D>(input, [batch * height * width, pieces, 1, units]);
  return reshape<tf.Tensor4D>(maxPool(asColumns, [pieces, 1]), [batch, height, width, units]);
}

/** The mean over height and width: `[batch, height, width, channels]` to `[batch, channels]`. */
export function globalAveragePool(input: tf.Tensor4D): tf.Tensor2D {
  const [batch, height, width, channels] = input.shape;
  return differentiable(
    [input],
    () => averageOverSpace(input),
    (upstream) => {
      const perElement = tf.reshape(tf.div(upstream, height * width), [batch, 1, 1, channels]);
      return [tf.image.resizeNearestNeighbor(perElement as tf.Tensor4D, [height, width])];
    },
  );
}

/** Images with `margin` zeros on each side. */
export function pad(input: tf.Tensor4D, margin: number): tf.Tensor4D {
  const [batch, height, width, channels] = input.shape;
  const around: [number, number] = [margin, margin];
  return differentiable(
    [input],
    () => tf.pad(input, [[0, 0], around, around, [0, 0]]),
    (upstream) => [tf.slice(upstream, [0, margin, margin, 0], [batch, height, width, channels])],
  );
}

/**
 * Each channel divided by its root mean square over the batch and all positions: batch normalisation without a mean, so
 * that zero stays zero. `record` receives the mean squares, which a running average turns into constants after training.
 */
export function normalizeChannels(input: tf.Tensor4D, record: (meanSquares: tf.Tensor1D) => void): tf.Tensor4D {
  return differentiable(
    [input],
    (save) => {
      const meanSquares = channelMeans(tf.square(input));
      record(meanSquares);
      const factors = tf.rsqrt(tf.add(meanSquares, 1e-6));
      const output = tf.mul<tf.Tensor4D>(input, factors);
      save([output, factors]);
      return output;
    },
    (upstream, [output, factors]) => {
      const along = channelMeans(tf.mul(upstream, output!) as tf.Tensor4D);
      return [tf.mul(tf.sub(upstream, tf.mul(output!, along)), factors!)];
    },
  );
}

function channelMeans(input: tf.Tensor4D): tf.Tensor1D {
  return tf.div<tf.Tensor1D>(columnSums(averageOverSpace(input)), input.shape[0]);
}

// tf.mean over these axes transposes first on wasm; the pooling kernel does not.
function averageOverSpace(input: tf.Tensor4D): tf.Tensor2D {
  const [batch, height, width, channels] = input.shape;
  return tf.reshape(tf.avgPool(input, [height, width], 1, 'valid'), [batch, channels]);
}
