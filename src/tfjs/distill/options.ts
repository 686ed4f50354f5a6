/** The options of `distill`, and what they mean when they are left out. */
import type * as tf from '@tensorflow/tfjs-core';
import type { HostBackend } from '../../backend.ts';
import { kindError, rangeError } from '../../check.ts';
import { type AnyLoss, checkIsLoss } from '../../loss.ts';
import type { MetricRecord, ResultsOf } from '../../metricSet.ts';
import { asGiven, callback, flag, optional, readOptions, whole, word } from '../../options.ts';
import type { Schedule } from '../../schedule.ts';
import type { DistillData } from './batches.ts';
import type { EarlyStopping } from './earlyStopping.ts';
import type { DistillModel, ModelInputs } from './models.ts';
import type { DistillParameters } from './parameters.ts';
import type { EpochProgress, StepReport } from './reports.ts';
import type { DistillState } from './savedState.ts';

/** Hidden layers of models of tfjs-layers, by the names under which the objective and the metrics ask for their outputs. */
export interface FeatureLayers {
  /** `{ studentFeatures: 'dense_2' }`. */
  readonly student?: Readonly<Record<string, string>>;
  readonly teacher?: Readonly<Record<string, string>>;
}

/** What is measured after each epoch, and on what. */
export interface ValidationOptions<Inputs extends ModelInputs, Metrics extends MetricRecord> {
  /** As the training's: tensors, or a dataset. */
  readonly data: DistillData<Inputs>;
  /**
   * Metrics by the names of their results. Those of a single model get the student's logits as `logits`; others get
   * `studentLogits`, `teacherLogits`, features, and what the data hold, by their names (`rename` routes them).
   */
  readonly metrics?: Metrics;
  /** Samples of a batch, for tensors. Default: that of the training. */
  readonly batchSize?: number;
}

/** The optimizers of tfjs: `tf.train.adam(…)`, `tf.train.sgd(…)` … */
export type DistillOptimizer = Pick<tf.Optimizer, 'minimize' | 'getWeights' | 'setWeights'>;

/** Options of `distill`. */
export interface DistillOptions<
  Inputs extends ModelInputs = ModelInputs,
  Metrics extends MetricRecord = Readonly<Record<never, never>>,
  KernelTensor = unknown,
  Parameters extends DistillParameters<Parameters> = Readonly<Record<never, never>>,
> {
  /** A model of tfjs-layers with one output, or a function that is differentiable by tfjs. */
  readonly student: DistillModel<Inputs>;
  /** The same; it is not trained, and runs as at inference. Left out where the data hold what it would say. */
  readonly teacher?: DistillModel<Inputs>;
  /** Tensors, which stay the caller's, or a dataset of tfjs-data, whose batches are freed after use. */
  readonly data: DistillData<Inputs>;
  /** A loss, or a `weightedSum` of several, that is a scalar. */
  readonly objective: AnyLoss<'scalar'>;
  /** One of `tf.train`'s; it stays the caller's, and its state goes into `state()`. */
  readonly optimizer: DistillOptimizer;
  /** How often to go over the data, the epochs before a resumed state among them. */
  readonly epochs: number;
  /** Samples of a batch, for tensors; the last batch of an epoch may be smaller. Default 32. */
  readonly batchSize?: number;
  /** Whether each epoch has an order of its own, for tensors. Default true. */
  readonly shuffle?: boolean;
  /** Of the orders. Default 0. */
  readonly seed?: number;
  /**
   * `'eachBatch'`, the default, asks the teacher in each step; `'once'` asks it for all samples before the first one, and
   * keeps what it says in memory. Tensors only.
   */
  readonly teacherRuns?: 'eachBatch' | 'once';
  /** Hidden layers whose activations the objective reads, by model and by the input's name. */
  readonly features?: FeatureLayers;
  /**
   * Inputs of the objective that are trained beside the student, such as a hint's regressor: variables, or host arrays, as
   * `initializeHintRegressor` makes them, whose trained numbers are in the result.
   */
  readonly parameters?: Parameters;
  /** The variables of a student that is a function. Default: those that its first loss depends on. */
  readonly variables?: readonly tf.Variable[];
  /** The optimizer's learning rate at each step, in place of its own. */
  readonly learningRate?: Schedule;
  /** What the student is measured on after each epoch, and by which metrics. */
  readonly validation?: ValidationOptions<Inputs, Metrics>;
  /** Ends the training when a number has not improved for some epochs. */
  readonly earlyStopping?: EarlyStopping<ResultsOf<Metrics>>;
  /** Called, and waited for, after each step. Reading the loss then makes a GPU wait. */
  readonly onStep?: (report: StepReport) => unknown;
  /** Called, and waited for, after each epoch. */
  readonly onEpoch?: (progress: EpochProgress<ResultsOf<Metrics>>) => unknown;
  /** A state of the same training, to go on from. */
  readonly resume?: DistillState;
  /** Ends the training between two steps: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** As for `tfjsLoss`: where to compute the objective on tfjs backends in host memory. */
  readonly kernels?: HostBackend<KernelTensor>;
}

/** Options that are there, given or not. */
export type CheckedOptions = Required<Pick<DistillOptions, 'shuffle' | 'seed' | 'teacherRuns' | 'features'>>;

/** Checks the options, and fills in what was left out. */
export function readDistillOptions<
  Inputs extends ModelInputs,
  Metrics extends MetricRecord,
  KernelTensor,
  Parameters extends DistillParameters<Parameters>,
>(
  options: DistillOptions<Inputs, Metrics, KernelTensor, Parameters>,
): DistillOptions<Inputs, Metrics, KernelTensor, Parameters> & CheckedOptions {
  const { shuffle, seed, teacherRuns } = readOptions('distill', options, {
    student: asGiven,
    teacher: asGiven,
    data: asGiven,
    objective: asGiven,
    optimizer: asGiven,
    epochs: whole(1),
    batchSize: optional(whole(1)),
    shuffle: flag(true),
    seed: whole(0, 0),
    teacherRuns: word(['eachBatch', 'once'], 'eachBatch'),
    features: asGiven,
    parameters: asGiven,
    variables: asGiven,
    learningRate: optional(callback()),
    validation: asGiven,
    earlyStopping: asGiven,
    onStep: optional(callback()),
    onEpoch: optional(callback()),
    resume: asGiven,
    signal: asGiven,
    kernels: asGiven,
  });
  const { objective, optimizer, features = {}, validation } = options;
  checkIsLoss('distill', objective);
  if (objective.form !== 'scalar') {
    throw rangeError('distill', 'objective', "reduced by 'mean' or 'sum'", 'none');
  }
  if (typeof optimizer?.minimize !== 'function') {
    throw kindError('distill', 'optimizer', 'an optimizer of tfjs, such as tf.train.adam()', optimizer);
  }
  readOptions('distill: features', features, { student: asGiven, teacher: asGiven });
  if (validation !== undefined) {
    readOptions('distill: validation', validation, { data: asGiven, metrics: asGiven, batchSize: optional(whole(1)) });
  }
  return { ...options, shuffle, seed, teacherRuns, features };
}
