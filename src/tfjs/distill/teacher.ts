/** What the teacher says of a batch: computed with it, or once for all samples and then cut. */
import * as tf from '@tensorflow/tfjs-core';
import { kindError } from '../../check.ts';
import { type Batch, type BatchSource, freeBatch, rowsTaker } from './batches.ts';
import type { Breathing } from './breathing.ts';
import { inferred, type NamedTensors, type RunnableModel } from './models.ts';

/** A teacher at work. */
export interface TeacherOutputs {
  /** Its outputs for a batch; whoever asks frees them. */
  of(batch: Batch): NamedTensors;
  free(): void;
}

/** The teacher asked for each batch anew; no outputs where there is no teacher. */
export function askedEachBatch(teacher: RunnableModel | undefined): TeacherOutputs {
  return {
    of: ({ inputs }) => (teacher === undefined ? {} : inferred(teacher, inputs)),
    free: () => undefined,
  };
}

/** The teacher asked once for all samples, a batch at a time. */
export async function askedOnce(
  teacher: RunnableModel,
  source: BatchSource,
  breathing: Breathing,
): Promise<TeacherOutputs> {
  const { samples } = source;
  if (samples === undefined) {
    const hint = 'A dataset may come in another order: put teacherLogits into its batches with map.';
    throw kindError('distill', "teacherRuns 'once'", 'asked of tensors', 'a dataset', hint);
  }
  const parts: NamedTensors[] = [];
  const each = askedEachBatch(teacher);
  try {
    for await (const batch of source.inOrder()) {
      try {
        parts.push(each.of(batch));
      } finally {
        freeBatch(batch);
      }
      await breathing.breathe();
    }
    const whole = tf.tidy(() => joined(parts));
    return { of: (batch) => rowsOf(whole, batch), free: () => tf.dispose(whole) };
  } finally {
    tf.dispose(parts);
  }
}

function joined(parts: readonly NamedTensors[]): Record<string, tf.Tensor> {
  const names = Object.keys(parts[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [
      name,
      tf.concat(
        parts.map((part) => part[name]!),
        0,
      ),
    ]),
  );
}

function rowsOf(whole: NamedTensors, { rows }: Batch): NamedTensors {
  const take = rowsTaker(
    rows!,
    rows!.every((row, at) => row === rows![0]! + at),
  );
  try {
    return Object.fromEntries(Object.entries(whole).map(([name, tensor]) => [name, take.of(tensor)]));
  } finally {
    take.end();
  }
}
