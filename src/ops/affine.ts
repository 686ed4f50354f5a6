/** A linear map with bias along the channel axis of a batch of features: a dense layer, or a 1×1 convolution. */
import type { Backend, Shape } from '../backend.ts';
import { sizeOf } from '../tensor.ts';

/** Where the channels are: `[batch, ..., channels]` or `[batch, channels, ...]`. */
export type FeatureLayout = 'channelsLast' | 'channelsFirst';

/** x·weight + bias, with `weight` [from, to] and `bias` [to]. */
export function affine<T>(backend: Backend<T>, x: T, weight: T, bias: T, layout: FeatureLayout = 'channelsLast'): T {
  const shape = backend.shapeOf(x);
  const [from = 1, to = 1] = backend.shapeOf(weight);
  if (layout === 'channelsLast') {
    const product = backend.matMul(backend.reshape(x, [sizeOf(shape) / from, from]), weight);
    return backend.reshape(backend.add(product, bias), [...shape.slice(0, -1), to]);
  }
  const product = backend.matMul(weight, channelRows(backend, x), { transposeA: true });
  const sum = backend.add(product, backend.reshape(bias, [to, 1]));
  return fromChannelRows(backend, sum, [shape[0]!, to, ...shape.slice(2)]);
}

/** Gradients of a loss in x, weight and bias, from its gradient in `affine`'s result. */
export function affineGradients<T>(
  backend: Backend<T>,
  x: T,
  weight: T,
  gradient: T,
  layout: FeatureLayout = 'channelsLast',
): readonly [x: T, weight: T, bias: T] {
  const shape = backend.shapeOf(x);
  const [from = 1, to = 1] = backend.shapeOf(weight);
  if (layout === 'channelsLast') {
    const rows = sizeOf(shape) / from;
    const gradientRows = backend.reshape(gradient, [rows, to]);
    return [
      backend.reshape(backend.matMul(gradientRows, weight, { transposeB: true }), shape),
      backend.matMul(backend.reshape(x, [rows, from]), gradientRows, { transposeA: true }),
      backend.sum(gradientRows, { axis: 0 }),
    ];
  }
  const gradientRows = channelRows(backend, gradient);
  return [
    fromChannelRows(backend, backend.matMul(weight, gradientRows), shape),
    backend.matMul(channelRows(backend, x), gradientRows, { transposeB: true }),
    backend.sum(gradientRows, { axis: 1 }),
  ];
}

// [batch, channels, ...] to [channels, batch·positions]: one matrix product serves the whole batch, and whole runs of
// positions move, where channels-last would scatter single numbers.
function channelRows<T>(backend: Backend<T>, x: T): T {
  const [batch = 1, channels = 1, ...positions] = backend.shapeOf(x);
  const runs = backend.reshape(x, [batch, channels, sizeOf(positions)]);
  return backend.reshape(backend.transpose(runs, [1, 0, 2]), [channels, batch * sizeOf(positions)]);
}

function fromChannelRows<T>(backend: Backend<T>, rows: T, shape: Shape): T {
  const [batch = 1, channels = 1, ...positions] = shape;
  const runs = backend.reshape(rows, [channels, batch, sizeOf(positions)]);
  return backend.reshape(backend.transpose(runs, [1, 0, 2]), shape);
}
