/** The score that each task is judged by, as in GLUE; and how fast models answer. */
import * as tf from '@tensorflow/tfjs-core';
import {
  accuracy,
  matthewsCorrelation,
  measure,
  pearsonCorrelation,
  samplesPerSecond,
  spearmanCorrelation,
} from 'dark-knowledge';
import type { TaskName, TextExamples } from '../data/textTasks.ts';
import type { TextClassifier } from '../models/textClassifier.ts';
import type { Predictions } from '../predictions.ts';

export function scoreOf(task: TaskName, { logits }: Predictions, { labels }: TextExamples): number {
  if (task === 'CoLA') return measure(matthewsCorrelation(), { logits, labels }).value;
  if (task !== 'STSB') return measure(accuracy(), { logits, labels }).value;
  // The expected similarity, as a regression would say it. One that says the same of all texts has no correlation: 0.
  const [rows = 0, classes = 0] = logits.shape;
  const said = Float64Array.from({ length: rows }, (_, row) => {
    const weights = Array.from(logits.data.subarray(row * classes, (row + 1) * classes), Math.exp);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.reduce((sum, weight, similarity) => sum + (weight * similarity) / total, 0);
  });
  const actual = Float64Array.from(labels);
  const [first, second] = [pearsonCorrelation(said, actual), spearmanCorrelation(said, actual)];
  return (first.value + second.value) / 2;
}

/** Batches of so many texts of a task. */
export function tokensOf(examples: TextExamples, rows: Int32Array): tf.Tensor2D {
  const tokens = new Int32Array(rows.length * examples.length);
  rows.forEach((row, at) => {
    tokens.set(examples.tokens.subarray(row * examples.length, (row + 1) * examples.length), at * examples.length);
  });
  return tf.tensor2d(tokens, [rows.length, examples.length], 'int32');
}

/**
 * Samples a second of each model on each task, by round: all models take turns, so that what else the machine does meets them alike.
 */
export async function speedsOf<Model extends string>(
  models: Readonly<Record<Model, TextClassifier<TaskName>>>,
  examples: Readonly<Record<TaskName, TextExamples>>,
  { batch, rounds }: { readonly batch: number; readonly rounds: number },
): Promise<Readonly<Record<Model, Readonly<Record<TaskName, readonly number[]>>>>> {
  const names = Object.keys(models) as Model[];
  const tasks = Object.keys(examples) as TaskName[];
  const timers = names.map(() => tasks.map(() => samplesPerSecond({ warmUp: 1 })));
  for (let round = 0; round < rounds + 1; round++) {
    for (const [taskNumber, task] of tasks.entries()) {
      const rows = Int32Array.from({ length: batch }, (_, row) => row % examples[task].count);
      const tokens = tokensOf(examples[task], rows);
      for (const [number, name] of names.entries()) {
        await timers[number]![taskNumber]!.run(batch, async () => {
          const logits = tf.tidy(() => models[name].apply(tokens, task).logits);
          await logits.data();
          logits.dispose();
        });
      }
      tokens.dispose();
    }
  }
  const speeds = names.map((name, number) => [
    name,
    Object.fromEntries(
      tasks.map((task, at) => [task, timers[number]![at]!.result().times.map((seconds) => batch / seconds)]),
    ),
  ]);
  return Object.fromEntries(speeds) as Readonly<Record<Model, Readonly<Record<TaskName, readonly number[]>>>>;
}
