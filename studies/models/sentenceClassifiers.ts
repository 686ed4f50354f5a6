/**
 * The four models of *Transferring inductive biases* (2020, §2): from none of the LSTM's recurrent biases to all.
 *
 *     transformer           reads a class token, and sees the whole sentence
 *     transformerSeq        reads the last word, and sees no later one: sequentiality
 *     universalSeq          the same with one layer's parameters for all layers: and recursion
 *     lstm                  passes on a state alone: and a memory bottleneck
 */
import * as tf from '@tensorflow/tfjs-core';
import { deriveSeed } from 'dark-knowledge';
import { createLstm } from './lstm.ts';
import { dense, futureMask, paddingMask, poolTokens, standardize } from './sequenceLayers.ts';
import { createDense, createTransformer } from './transformer.ts';

export type SentenceModelName = 'transformer' | 'transformerSeq' | 'universalSeq' | 'lstm';

export interface SentenceSizes {
  readonly vocabulary: number;
  readonly length: number;
  readonly lstm: { readonly layers: number; readonly width: number };
  readonly transformer: { readonly layers: number; readonly heads: number; readonly width: number };
  /** Of the Universal Transformer: wider, as its layers are one. */
  readonly universalWidth: number;
}

export interface SentenceClassifier {
  /** Tokens [batch, length], the start token first; `last` [batch, length] is 1 at the last word and 0 elsewhere. */
  apply(tokens: tf.Tensor2D, last: tf.Tensor2D): { readonly logits: tf.Tensor2D; readonly features: tf.Tensor2D };
  parameters(): tf.Variable[];
}

const classes = 2;

export function createSentenceClassifier(
  name: SentenceModelName,
  seed: number,
  sizes: SentenceSizes,
): SentenceClassifier {
  const { vocabulary, length } = sizes;
  if (name === 'lstm') {
    const lstm = createLstm(seed, { vocabulary, ...sizes.lstm });
    return headed(deriveSeed(seed, 1), sizes.lstm.width, (tokens, last) => poolTokens(lstm.apply(tokens), last), lstm);
  }
  const width = name === 'universalSeq' ? sizes.universalWidth : sizes.transformer.width;
  const encoder = createTransformer(seed, {
    ...sizes.transformer,
    vocabulary,
    length,
    width,
    inner: 2 * width,
    shared: name === 'universalSeq',
  });
  const read = (tokens: tf.Tensor2D, last: tf.Tensor2D): tf.Tensor2D => {
    if (name !== 'transformer') return poolTokens(standardize(encoder.apply(tokens, futureMask(length)).at(-1)!), last);
    const first = tf.cast(tf.oneHot(tf.zeros([tokens.shape[0]], 'int32'), length), 'float32') as tf.Tensor2D;
    return poolTokens(standardize(encoder.apply(tokens, paddingMask(tokens)).at(-1)!), first);
  };
  return headed(deriveSeed(seed, 1), width, read, encoder);
}

function headed(
  seed: number,
  width: number,
  read: (tokens: tf.Tensor2D, last: tf.Tensor2D) => tf.Tensor2D,
  encoder: { parameters(): tf.Variable[] },
): SentenceClassifier {
  const { weights, bias } = createDense(width, classes, seed);
  return {
    apply(tokens, last) {
      const features = read(tokens, last);
      return { features, logits: dense(features, weights, bias) };
    },
    parameters: () => [...encoder.parameters(), weights, bias],
  };
}
