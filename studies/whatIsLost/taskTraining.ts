/** Training on several tasks in turn, a batch of one task each step. */
import * as tf from '@tensorflow/tfjs-core';
import { deriveSeed, randomPermutation } from 'dark-knowledge';
import { type TaskName, type TextExamples, taskNames } from '../data/textTasks.ts';
import { jointAdam } from '../jointAdam.ts';
import { cosineRate, type TrainingStep, train } from '../training.ts';
import type { TaskNumbers } from './glue.ts';
import { tokensOf } from './scores.ts';

/** What a model learns from, and for how long. */
export interface TaskSchooling {
  readonly texts: Readonly<Record<TaskName, TextExamples>>;
  /** Steps on each task in a round, in which they are shuffled. */
  readonly steps: TaskNumbers;
  readonly rounds: number;
  readonly batchSize: number;
  /** Adam's, after some steps of warming up. */
  readonly rate: number;
  /** Of the order of tasks and texts. */
  readonly seed: number;
  readonly progress: (text: string, isLast: boolean) => void;
}

/** A batch of one task. */
export interface TaskBatch {
  readonly tokens: tf.Tensor2D;
  /** 1 for each token that is none of the padding, [batch · length]. */
  readonly present: tf.Tensor1D;
  readonly labels: tf.Tensor1D;
}

const warmUp = 30;

/** Trains the parameters in place. Models of the same schooling see the same. */
export async function trainOnTasks(
  { texts, steps: stepsOf, rounds, batchSize, rate, seed, progress }: TaskSchooling,
  name: string,
  parameters: readonly tf.Variable[],
  loss: (batch: TaskBatch, task: TaskName) => tf.Scalar,
): Promise<void> {
  const round = taskNames.flatMap((task) => Array.from({ length: stepsOf[task] }, () => task));
  const taskOf = (rows: Int32Array): TaskName => round[rows[0]!]!;
  const taken = new Map<TaskName, number>();
  await train({
    count: round.length,
    epochs: rounds,
    batchSize: 1,
    order: seed,
    parameters,
    optimizer: jointAdam(parameters),
    learningRate: (step, steps) => cosineRate(rate)(step, steps) * Math.min(1, (step + 1) / warmUp),
    batch({ rows }) {
      const task = taskOf(rows);
      const times = taken.get(task) ?? 0;
      taken.set(task, times + 1);
      return { ...batchOf(texts[task], times, batchSize, deriveSeed(seed, 1)) };
    },
    loss: ({ tokens, present, labels }, { rows }) =>
      loss(
        { tokens: tokens as tf.Tensor2D, present: present as tf.Tensor1D, labels: labels as tf.Tensor1D },
        taskOf(rows),
      ),
    onStep: ({ step, steps }: TrainingStep, value) =>
      progress(`${name}: step ${step + 1} of ${steps}, loss ${value.toFixed(3)}`, step + 1 === steps),
  });
}

/** The batch that a task has at its n-th step: after each pass its examples are shuffled anew. */
function batchOf(examples: TextExamples, times: number, batchSize: number, seed: number): TaskBatch {
  const inPass = Math.floor(examples.count / batchSize);
  const order = randomPermutation(deriveSeed(seed, Math.floor(times / inPass)), examples.count);
  const rows = order.subarray((times % inPass) * batchSize, ((times % inPass) + 1) * batchSize);
  const tokens = tokensOf(examples, rows);
  return {
    tokens,
    present: tf.tidy(() => tf.cast(tf.notEqual(tf.reshape(tokens, [-1]), 0), 'float32')),
    labels: tf.tensor1d(
      rows.map((row) => examples.labels[row]!),
      'int32',
    ),
  };
}
