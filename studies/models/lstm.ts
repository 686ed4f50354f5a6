/** Long short-term memory (Hochreiter and Schmidhuber, 1997) in layers, trained through time. */
import * as tf from '@tensorflow/tfjs-core';
import { deriveSeed } from 'dark-knowledge';
import { differentiable, initializeWeights } from '../../examples/mnist/layers.ts';
import { dense, embed } from './sequenceLayers.ts';
import { createDense, createEmbedding } from './transformer.ts';

export interface LstmForm {
  readonly vocabulary: number;
  readonly layers: number;
  readonly width: number;
}

export interface Lstm {
  /** Tokens [batch, length]. Returns the last layer's states after each token, [batch · length, width]. */
  apply(tokens: tf.Tensor2D): tf.Tensor2D;
  parameters(): tf.Variable[];
}

export function createLstm(seed: number, { vocabulary, layers, width }: LstmForm): Lstm {
  const table = createEmbedding(vocabulary, width, 1, deriveSeed(seed, 1000));
  const own = Array.from({ length: layers }, (_, number) => ({
    input: createDense(width, 4 * width, deriveSeed(seed, 2 * number)),
    recurrent: initializeWeights<tf.Rank.R2>([width, 4 * width], {
      seed: deriveSeed(seed, 2 * number + 1),
      gain: Math.SQRT1_2,
    }),
  }));
  // A memory keeps what it has until it learns to forget (Jozefowicz and others, 2015).
  for (const { input } of own) {
    input.bias.assign(tf.tidy(() => tf.concat1d([tf.zeros([width]), tf.ones([width]), tf.zeros([2 * width])])));
  }
  return {
    apply(tokens) {
      const [batch, length] = tokens.shape;
      return own.reduce(
        (states, { input, recurrent }) => recur(dense(states, input.weights, input.bias), recurrent, { batch, length }),
        embed(tokens, table),
      );
    },
    parameters: () => [
      table,
      ...own.flatMap(({ input, recurrent }): tf.Variable[] => [input.weights, input.bias, recurrent]),
    ],
  };
}

interface StepTensors {
  /** Input, forget and output gate side by side. */
  readonly gates: tf.Tensor2D;
  readonly candidate: tf.Tensor2D;
  /** The memory after the step, and its tanh. */
  readonly memory: tf.Tensor2D;
  readonly squashed: tf.Tensor2D;
  readonly state: tf.Tensor2D;
}

/**
 * The recurrent part of a layer: `input` [batch · length, 4 · width] is what the step's tokens add to the input gate, forget gate,
 * output gate and candidate before their squashing; weights [width, 4 · width] multiply the state before.
 *
 *     memory ← forget · memory + input · candidate        state ← output · tanh(memory)
 */
export function recur(
  input: tf.Tensor2D,
  weights: tf.Variable<tf.Rank.R2>,
  { batch, length }: { readonly batch: number; readonly length: number },
): tf.Tensor2D {
  const width = weights.shape[0];
  const steps = (rows: tf.Tensor2D, columns: number): tf.Tensor2D[] =>
    tf.unstack(tf.reshape<tf.Rank.R3>(rows, [batch, length, columns]), 1) as tf.Tensor2D[];
  const rows = (parts: readonly tf.Tensor2D[], columns: number): tf.Tensor2D =>
    tf.reshape(tf.stack([...parts], 1), [batch * length, columns]);
  const gatesOf = (gates: tf.Tensor2D) =>
    tf.split(gates, 3, 1) as [input: tf.Tensor2D, forget: tf.Tensor2D, output: tf.Tensor2D];

  return differentiable(
    [input, weights],
    (save) => {
      const done: StepTensors[] = [];
      for (const added of steps(input, 4 * width)) {
        const before = done.at(-1);
        const total = before === undefined ? added : tf.add<tf.Tensor2D>(added, tf.matMul(before.state, weights));
        const [open, proposed] = tf.split(total, [3 * width, width], 1) as [tf.Tensor2D, tf.Tensor2D];
        const gates = tf.sigmoid(open);
        const candidate = tf.tanh(proposed);
        const [inputGate, forgetGate, outputGate] = gatesOf(gates);
        const taken = tf.mul<tf.Tensor2D>(inputGate, candidate);
        const memory = before === undefined ? taken : tf.add<tf.Tensor2D>(tf.mul(forgetGate, before.memory), taken);
        const squashed = tf.tanh(memory);
        done.push({ gates, candidate, memory, squashed, state: tf.mul(outputGate, squashed) });
      }
      const states = rows(
        done.map(({ state }) => state),
        width,
      );
      save([states, weights, ...done.flatMap((step) => [step.gates, step.candidate, step.memory, step.squashed])]);
      return states;
    },
    (upstream, [states, savedWeights, ...kept]) => {
      const given = steps(upstream, width);
      const gradients: tf.Tensor2D[] = [];
      let ofState: tf.Tensor2D | undefined;
      let ofMemory: tf.Tensor2D | undefined;
      for (let step = length - 1; step >= 0; step--) {
        const [gates, candidate, , squashed] = kept.slice(4 * step, 4 * step + 4) as tf.Tensor2D[];
        const before = step === 0 ? undefined : (kept[4 * step - 2] as tf.Tensor2D);
        const [inputGate, forgetGate, outputGate] = gatesOf(gates!);
        const whole = ofState === undefined ? given[step]! : tf.add<tf.Tensor2D>(given[step]!, ofState);
        const through: tf.Tensor2D = tf.mul(tf.mul(whole, outputGate), tf.sub(1, tf.square(squashed!)));
        const memory: tf.Tensor2D = ofMemory === undefined ? through : tf.add(through, ofMemory);
        const ofGates = tf.concat2d(
          [
            tf.mul(memory, candidate!),
            before === undefined ? tf.zerosLike(memory) : tf.mul(memory, before),
            tf.mul(whole, squashed!),
          ],
          1,
        );
        const total = tf.concat2d(
          [
            tf.mul(ofGates, tf.mul(gates!, tf.sub(1, gates!))),
            tf.mul(tf.mul(memory, inputGate), tf.sub(1, tf.square(candidate!))),
          ],
          1,
        );
        gradients.unshift(total);
        ofState = tf.matMul(total, savedWeights as tf.Tensor2D, false, true);
        ofMemory = tf.mul(memory, forgetGate);
      }
      const ofInput = rows(gradients, 4 * width);
      const earlier = tf.slice(
        tf.reshape<tf.Rank.R3>(states!, [batch, length, width]),
        [0, 0, 0],
        [batch, length - 1, width],
      );
      const later = tf.slice(
        tf.reshape<tf.Rank.R3>(ofInput, [batch, length, 4 * width]),
        [0, 1, 0],
        [batch, length - 1, 4 * width],
      );
      const flat = (part: tf.Tensor3D): tf.Tensor2D => tf.reshape(part, [batch * (length - 1), part.shape[2]]);
      return [ofInput, tf.matMul(flat(earlier), flat(later), true)];
    },
  );
}
