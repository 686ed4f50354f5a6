/** The steps of an epoch. */
import * as tf from '@tensorflow/tfjs-core';
import { rangeError } from '../../check.ts';
import { type Batch, type BatchSource, freeBatch } from './batches.ts';
import type { Breathing } from './breathing.ts';
import type { NamedTensors } from './models.ts';
import type { StepReport } from './reports.ts';
import { type Means, type RunningLoss, runningLoss } from './running.ts';
import type { TeacherOutputs } from './teacher.ts';
import type { Trainee } from './trainee.ts';

/** What an epoch works with. */
export interface EpochParts {
  readonly trainee: Trainee;
  readonly teacher: TeacherOutputs;
  readonly source: BatchSource;
  readonly setLearningRate: (step: number) => void;
  readonly onStep: ((report: StepReport) => unknown) | undefined;
  readonly epochs: number;
  readonly breathing: Breathing;
}

/** Goes over the data once; returns the mean losses, and the number of steps that are done. */
export async function trainEpoch(
  parts: EpochParts,
  epoch: number,
  stepsBefore: number,
): Promise<{ readonly means: Means; readonly step: number }> {
  const { source, onStep, epochs, breathing } = parts;
  const losses = runningLoss();
  let step = stepsBefore;
  try {
    for await (const batch of source.epoch(epoch)) {
      learnFrom(parts, batch, step, losses);
      step++;
      if (onStep !== undefined) {
        const loss = await losses.settle();
        await onStep({ epoch, epochs, batch: step - stepsBefore, batches: source.count, step, loss });
      } else if (breathing.isDue()) {
        // A GPU that is never waited for would be given more and more.
        await losses.settle();
      }
      await breathing.breathe();
    }
    await losses.settle();
    if (step === stepsBefore) throw rangeError('distill', 'data', 'at least one batch', 0);
    return { means: losses.means(), step };
  } finally {
    losses.free();
  }
}

function learnFrom(parts: EpochParts, batch: Batch, step: number, losses: RunningLoss): void {
  const { trainee, teacher, setLearningRate } = parts;
  let taught: NamedTensors = {};
  try {
    setLearningRate(step);
    taught = teacher.of(batch);
    const { loss, terms } = trainee.step(batch, taught, step);
    losses.add(loss, terms, batch.size, step);
  } finally {
    freeBatch(batch);
    tf.dispose(Object.values(taught));
  }
}
