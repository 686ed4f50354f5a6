/**
 * Layers for sequences. Each states its gradient, as those of the MNIST example do, so that it trains on every tfjs backend.
 * Tokens are rows: activations are [batch · length, width]. Matrices are so small that the number of operations is what costs:
 * products take transposed sides as they are, slow as that is on wasm for large ones.
 */
import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../../examples/mnist/layers.ts';

/** `tf.add` with its gradient: the way around a layer. */
export function plus(first: tf.Tensor2D, second: tf.Tensor2D): tf.Tensor2D {
  return differentiable(
    [first, second],
    () => tf.add<tf.Tensor2D>(first, second),
    (upstream) => [upstream, upstream],
  );
}

/** input · weights + bias. */
export function dense(
  input: tf.Tensor2D,
  weights: tf.Variable<tf.Rank.R2>,
  bias: tf.Variable<tf.Rank.R1>,
): tf.Tensor2D {
  return differentiable(
    [input, weights, bias],
    (save) => {
      save([input, weights]);
      return tf.add<tf.Tensor2D>(tf.matMul(input, weights), bias);
    },
    (upstream, [savedInput, savedWeights]) => [
      tf.matMul(upstream, savedWeights as tf.Tensor2D, false, true),
      tf.matMul(savedInput as tf.Tensor2D, upstream, true),
      tf.sum(upstream, 0),
    ],
  );
}

/**
 * The embedding of each token, plus that of its position where there are any: tokens [batch, length], table [vocabulary, width],
 * positions [longest, width].
 */
export function embed(
  tokens: tf.Tensor2D,
  table: tf.Variable<tf.Rank.R2>,
  positions?: tf.Variable<tf.Rank.R2>,
): tf.Tensor2D {
  const [batch, length] = tokens.shape;
  const [vocabulary, width] = table.shape;
  const longest = positions?.shape[0] ?? length;
  return differentiable(
    positions === undefined ? [table] : [table, positions],
    (save) => {
      save([tokens]);
      const words = tf.gather(table, tokens);
      const placed = positions === undefined ? words : tf.add(words, tf.slice(positions, [0, 0], [length, width]));
      return tf.reshape<tf.Rank.R2>(placed, [batch * length, width]);
    },
    (upstream, [savedTokens]) => {
      // wasm has no gradient for a gather: a product with one-hot rows is one.
      const chosen = tf.oneHot(tf.reshape(savedTokens!, [batch * length]), vocabulary) as tf.Tensor2D;
      const ofTable = tf.matMul(tf.cast(chosen, 'float32'), upstream, true);
      if (positions === undefined) return [ofTable];
      const ofPositions = tf.sum<tf.Tensor2D>(tf.reshape(upstream, [batch, length, width]), 0);
      return [
        ofTable,
        tf.pad(ofPositions, [
          [0, longest - length],
          [0, 0],
        ]),
      ];
    },
  );
}

const leastVariance = 1e-5;

/**
 * Each row less its mean, over its deviation. No gain and no shift: the dense layer that follows has both.
 */
export function standardize(input: tf.Tensor2D): tf.Tensor2D {
  return differentiable(
    [input],
    (save) => {
      const centred = tf.sub(input, tf.mean(input, 1, true));
      const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), leastVariance));
      const output = tf.mul<tf.Tensor2D>(centred, scale);
      save([output, scale]);
      return output;
    },
    (upstream, [output, scale]) => {
      const along = tf.mean(tf.mul(upstream, output!), 1, true);
      const rest = tf.sub(tf.sub(upstream, tf.mean(upstream, 1, true)), tf.mul(output!, along));
      return [tf.mul(rest, scale!)];
    },
  );
}

export interface AttentionShape {
  readonly batch: number;
  readonly length: number;
  readonly heads: number;
}

/**
 * Dot-product attention of several heads: queries, keys and values side by side, [batch · length, 3 · width], each head a part
 * of the width. `mask` is added to the scores [batch, heads, length, length]: 0, or −∞ where a query does not see a key.
 */
export function attention(input: tf.Tensor2D, mask: tf.Tensor, { batch, length, heads }: AttentionShape): tf.Tensor2D {
  const width = input.shape[1] / 3;
  const size = width / heads;
  const scale = 1 / Math.sqrt(size);
  const apart = (rows: tf.Tensor2D, parts: number): tf.Tensor4D =>
    tf.transpose(tf.reshape<tf.Rank.R4>(rows, [batch, length, parts, size]), [0, 2, 1, 3]);
  const together = (parts: tf.Tensor4D, columns: number): tf.Tensor2D =>
    tf.reshape(tf.transpose(parts, [0, 2, 1, 3]), [batch * length, columns]);
  return differentiable(
    [input],
    (save) => {
      const [queries, keys, values] = tf.split(apart(input, 3 * heads), 3, 1) as [
        tf.Tensor4D,
        tf.Tensor4D,
        tf.Tensor4D,
      ];
      const scaled = tf.mul<tf.Tensor4D>(queries, scale);
      const weights = tf.softmax<tf.Tensor4D>(tf.add(tf.matMul(scaled, keys, false, true), mask));
      save([scaled, keys, values, weights]);
      return together(tf.matMul(weights, values), width);
    },
    (upstream, saved) => {
      const [queries, keys, values, weights] = saved as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
      const ofOutput = apart(upstream, heads);
      const ofWeights = tf.matMul(ofOutput, values, false, true);
      const pulled = tf.mul(weights, ofWeights);
      const ofScores = tf.sub<tf.Tensor4D>(pulled, tf.mul(weights, tf.sum(pulled, 3, true)));
      const parts = [
        tf.mul<tf.Tensor4D>(tf.matMul(ofScores, keys), scale),
        tf.matMul<tf.Tensor4D>(ofScores, queries, true),
        tf.matMul<tf.Tensor4D>(weights, ofOutput, true),
      ];
      return [together(tf.concat(parts, 1), 3 * width)];
    },
  );
}

/**
 * A weighted sum of the tokens of each sequence: input [batch · length, width], weights [batch, length], which choose a token or
 * average several. Returns [batch, width].
 */
export function poolTokens(input: tf.Tensor2D, weights: tf.Tensor2D): tf.Tensor2D {
  const [batch, length] = weights.shape;
  const width = input.shape[1];
  return differentiable(
    [input],
    (save) => {
      const row = tf.reshape<tf.Rank.R3>(weights, [batch, 1, length]);
      save([row]);
      return tf.reshape(tf.matMul(row, tf.reshape<tf.Rank.R3>(input, [batch, length, width])), [batch, width]);
    },
    (upstream, [row]) => [
      tf.reshape(tf.mul(tf.reshape(row!, [batch, length, 1]), tf.reshape(upstream, [batch, 1, width])), [
        batch * length,
        width,
      ]),
    ],
  );
}

/** −∞ where a key is padding, token 0, to add to scores [batch, heads, length, length]. */
export function paddingMask(tokens: tf.Tensor2D): tf.Tensor {
  const [batch, length] = tokens.shape;
  return tf.reshape(tf.where(tf.equal(tokens, 0), tf.scalar(-Infinity), tf.scalar(0)), [batch, 1, 1, length]);
}

/** −∞ where a key comes after the query. */
export function futureMask(length: number): tf.Tensor {
  const values = Float32Array.from({ length: length ** 2 }, (_, at) =>
    at % length > Math.floor(at / length) ? -Infinity : 0,
  );
  return tf.tensor(values, [1, 1, length, length]);
}
