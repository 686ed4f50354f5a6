/** What training changes: the student's variables, the parameters and the optimizer's moments, and how they are saved. */
import type * as tf from '@tensorflow/tfjs-core';
import { kindError } from '../../check.ts';
import type { Batch } from './batches.ts';
import type { NamedTensors } from './models.ts';
import {
  checkState,
  type DistillState,
  restoreOptimizer,
  restoreVariables,
  saveOptimizer,
  saveTensors,
} from './savedState.ts';
import { type StepLosses, type StepParts, takeStep, variablesBehind } from './step.ts';

/** A student in training. */
export interface Trainee {
  /** The variables that a saved state holds: batch statistics among them. */
  variables(): readonly tf.Variable[];
  step(batch: Batch, taught: NamedTensors, step: number): StepLosses;
  save(progress: Pick<DistillState, 'epoch' | 'step' | 'best'>): Promise<DistillState>;
  restore(state: DistillState): Promise<void>;
}

/** Puts a trainee together; `named` are the variables that the caller named. */
export function makeTrainee(parts: StepParts, named: readonly tf.Variable[] | undefined): Trainee {
  const { student, optimizer } = parts;
  const parameters = Object.values(parts.parameters);
  if (named !== undefined && student.trainable !== undefined) {
    throw kindError('distill', 'variables', 'left out for a model of tfjs-layers', named, 'It has trainableWeights.');
  }
  let trainable = named ?? student.trainable;
  const variables = (): readonly tf.Variable[] => [...(student.weights ?? trainable ?? []), ...parameters];
  return {
    variables,
    step(batch, taught, step) {
      trainable ??= variablesBehind(parts, batch, taught, step);
      return takeStep(parts, [...trainable, ...parameters], batch, taught, step);
    },
    async save(progress) {
      const [weights, moments] = await Promise.all([saveTensors(variables()), saveOptimizer(optimizer)]);
      return { version: 1, ...progress, weights, optimizer: moments };
    },
    async restore(state) {
      checkState(state);
      if (trainable === undefined) {
        const hint = 'Before its first step nobody knows which they are.';
        throw kindError('distill', 'variables', 'given to resume a student that is a function', trainable, hint);
      }
      restoreVariables(variables(), state.weights);
      await restoreOptimizer(optimizer, state.optimizer);
    },
  };
}
