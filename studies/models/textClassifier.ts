/** One Transformer for several tasks on texts: a linear head for each reads the mean of the last layer's tokens. */
import * as tf from '@tensorflow/tfjs-core';
import { deriveSeed } from 'dark-knowledge';
import { dense, paddingMask, poolTokens, standardize } from './sequenceLayers.ts';
import { createDense, createTransformer, type TransformerForm } from './transformer.ts';

export interface TextOutputs {
  readonly logits: tf.Tensor2D;
  /** What the logits are a linear function of, [batch, width]. */
  readonly features: tf.Tensor2D;
  /** The embeddings and each layer's output, standardised, [batch · length, width]. */
  readonly states: readonly tf.Tensor2D[];
}

export interface TextClassifier<Task extends string> {
  /** Tokens [batch, length], 0 where there is none, for one task. */
  apply(tokens: tf.Tensor2D, task: Task): TextOutputs;
  parameters(): tf.Variable[];
}

export function createTextClassifier<Task extends string>(
  seed: number,
  form: TransformerForm,
  classes: Readonly<Record<Task, number>>,
): TextClassifier<Task> {
  const encoder = createTransformer(deriveSeed(seed, 0), form);
  const tasks = Object.keys(classes) as Task[];
  const heads = tasks.map((task, index) => createDense(form.width, classes[task], deriveSeed(seed, index + 1)));
  return {
    apply(tokens, task) {
      const { weights, bias } = heads[tasks.indexOf(task)]!;
      const states = encoder.apply(tokens, paddingMask(tokens)).map(standardize);
      const features = poolTokens(states.at(-1)!, averageOf(tokens));
      return { logits: dense(features, weights, bias), features, states };
    },
    parameters: () => [
      ...encoder.parameters(),
      ...heads.flatMap(({ weights, bias }): tf.Variable[] => [weights, bias]),
    ],
  };
}

/** Weights of the mean over the tokens that are none of the padding, [batch, length]. */
function averageOf(tokens: tf.Tensor2D): tf.Tensor2D {
  const present = tf.cast(tf.notEqual(tokens, 0), 'float32');
  return tf.div(present, tf.sum(present, 1, true));
}
