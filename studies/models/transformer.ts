/**
 * A small Transformer encoder: layers of self-attention and of two dense layers, each standardised before and added to what
 * came in (Xiong and others, 2020), because from scratch that trains without a long warm-up.
 */
import * as tf from '@tensorflow/tfjs-core';
import { deriveSeed } from 'dark-knowledge';
import { initializeWeights, relu } from '../../examples/mnist/layers.ts';
import { attention, dense, embed, plus, standardize } from './sequenceLayers.ts';

export interface TransformerForm {
  readonly vocabulary: number;
  /** The longest sequence. */
  readonly length: number;
  readonly layers: number;
  /** Whole parts of the width. */
  readonly heads: number;
  readonly width: number;
  /** Width between the two dense layers of a layer. */
  readonly inner: number;
  /** One layer's parameters for all layers, as in the Universal Transformer. */
  readonly shared?: boolean;
}

export interface Transformer {
  /**
   * Tokens [batch, length] and a mask that broadcasts to [batch, heads, length, length], of 0 and −∞. Returns hidden states
   * [batch · length, width]: the embeddings, then the output of each layer.
   */
  apply(tokens: tf.Tensor2D, mask: tf.Tensor): readonly tf.Tensor2D[];
  parameters(): tf.Variable[];
}

interface Dense {
  readonly weights: tf.Variable<tf.Rank.R2>;
  readonly bias: tf.Variable<tf.Rank.R1>;
}

/** A dense layer with weights of variance `gain`²/inputs. */
export function createDense(inputs: number, outputs: number, seed: number, gain = 1): Dense {
  return {
    weights: initializeWeights<tf.Rank.R2>([inputs, outputs], { seed, gain: gain / Math.SQRT2 }),
    bias: tf.variable(tf.zeros<tf.Rank.R1>([outputs])),
  };
}

export function createTransformer(seed: number, form: TransformerForm): Transformer {
  const { vocabulary, length, layers, heads, width, inner, shared = false } = form;
  const createLayer = (number: number) => {
    const part = (index: number) => deriveSeed(deriveSeed(seed, number), index);
    return {
      projections: createDense(width, 3 * width, part(0)),
      output: createDense(width, width, part(1)),
      first: createDense(width, inner, part(2), Math.SQRT2),
      second: createDense(inner, width, part(3)),
    };
  };
  // What a token is says more than where it is: with both as loud, deep models find out late.
  const table = createEmbedding(vocabulary, width, 1, deriveSeed(seed, 1000));
  const positions = createEmbedding(length, width, 0.2, deriveSeed(seed, 1001));
  const own = Array.from({ length: shared ? 1 : layers }, (_, number) => createLayer(number));

  return {
    apply(tokens, mask) {
      const [batch, tokensEach] = tokens.shape;
      const states = [embed(tokens, table, positions)];
      for (let number = 0; number < layers; number++) {
        const { projections, output, first, second } = own[shared ? 0 : number]!;
        const before = states[number]!;
        const mixed = attention(dense(standardize(before), projections.weights, projections.bias), mask, {
          batch,
          length: tokensEach,
          heads,
        });
        const between = plus(before, dense(mixed, output.weights, output.bias));
        const opened = relu(dense(standardize(between), first.weights, first.bias));
        states.push(plus(between, dense(opened, second.weights, second.bias)));
      }
      return states;
    },
    parameters: () => [
      table,
      positions,
      ...own.flatMap((layer) => Object.values(layer).flatMap(({ weights, bias }): tf.Variable[] => [weights, bias])),
    ],
  };
}

/** Normal values of a deviation. */
export function createEmbedding(rows: number, width: number, deviation: number, seed: number): tf.Variable<tf.Rank.R2> {
  return initializeWeights<tf.Rank.R2>([rows, width], { seed, gain: deviation * Math.sqrt(rows / 2) });
}
