import type { AnyMetric } from '../../metric.ts';
import { type MetricRecord, metricSet, type ResultsOf } from '../../metricSet.ts';
import type { HostTensor } from '../../tensor.ts';
import { differentiableLoss } from '../differentiableLoss.ts';
import { tfjsBackend } from '../tfjsBackend.ts';
import { type BatchSource, batchSource } from './batches.ts';
import { openBreathing } from './breathing.ts';
import { makeStopper } from './earlyStopping.ts';
import { trainEpoch } from './epoch.ts';
import { learningRateSetter } from './learningRate.ts';
import { type ModelInputs, runnable } from './models.ts';
import { type DistillOptions, readDistillOptions } from './options.ts';
import { type DistillParameters, openParameters } from './parameters.ts';
import type { EpochReport } from './reports.ts';
import { askedEachBatch, askedOnce, type TeacherOutputs } from './teacher.ts';
import { makeTrainee } from './trainee.ts';
import { validate } from './validation.ts';

/** What `distill` resolves to. The student itself has been trained in place. */
export interface DistillResult<Results, Parameters = Readonly<Record<never, never>>> {
  /** A report for each epoch of this call. */
  readonly history: readonly EpochReport<Results>[];
  /** Whether early stopping ended it before the last epoch. */
  readonly stoppedEarly: boolean;
  /** With early stopping: the epoch whose weights the student has, unless `restoreBest` is false. */
  readonly bestEpoch: number | undefined;
  /** The trained parameters. */
  readonly parameters: { readonly [Name in keyof Parameters]: HostTensor };
}

/**
 * Trains a student on what a teacher says, with TensorFlow.js.
 *
 * Each step takes a batch, asks the teacher, runs the student as in training (dropout, batch statistics), and lets the
 * optimizer follow the gradient of the objective and of the penalties of the student's layers. The objective's inputs are
 * found by their names: `studentLogits` and `teacherLogits` are what the models return, hidden layers have the names that
 * `features` gives them, functions may return any, and all else (`labels`, `rowWeights`, …) comes with the data. Scheduled
 * weights follow the number of steps.
 *
 * The student is trained in place. No tensor is left behind, after an error or a cancelled training neither; tensors of the
 * data stay the caller's. Between two steps others may run, every 20 ms at least: events, the page, `signal`.
 *
 * @param options Student, teacher, data, objective, optimizer and epochs; see `DistillOptions` for the rest.
 * @returns What was reported of each epoch, and the trained parameters.
 * @throws TypeError or RangeError (the promise is rejected) for an option that makes no sense, an input that the objective
 * misses, a loss that is not finite; and with the signal's reason when that is given.
 * @example
 * const { history } = await distill({
 *   student,                                       // a tf.LayersModel, or a function
 *   teacher,
 *   data: { inputs: images, labels },              // or a tf.data.Dataset of such batches
 *   objective: weightedSum({
 *     task: { loss: crossEntropy(), weight: 0.1 },
 *     distillation: { loss: klDivergence({ temperature: 4 }), weight: 0.9 },
 *   }),
 *   optimizer: tf.train.adam(1e-3),
 *   epochs: 10,
 *   validation: { data: { inputs: testImages, labels: testLabels }, metrics: { accuracy: accuracy() } },
 *   onEpoch: ({ epoch, loss, validation }) => console.log(epoch, loss, validation?.metrics.accuracy.value),
 * });
 */
export async function distill<
  Inputs extends ModelInputs = ModelInputs,
  const Metrics extends MetricRecord = Readonly<Record<never, never>>,
  KernelTensor = unknown,
  Parameters extends DistillParameters<Parameters> = Readonly<Record<never, never>>,
>(
  options: DistillOptions<Inputs, Metrics, KernelTensor, Parameters>,
): Promise<DistillResult<ResultsOf<Metrics>, Parameters>> {
  const checked = readDistillOptions(options);
  const { epochs, features, optimizer, validation, resume, signal, onStep, onEpoch } = checked;
  const open: { free(): void }[] = [];
  const owned = <Part extends { free(): void }>(part: Part): Part => {
    open.push(part);
    return part;
  };
  try {
    signal?.throwIfAborted();
    const breathing = openBreathing(signal);
    const student = runnable('student', checked.student, features.student ?? {});
    const teacher = checked.teacher && runnable('teacher', checked.teacher, features.teacher ?? {});
    const parameters = owned(openParameters(checked.parameters ?? ({} as Parameters)));
    const objective = differentiableLoss('distill', checked.objective, checked.kernels);
    const trainee = makeTrainee({ student, objective, optimizer, parameters: parameters.variables }, checked.variables);
    if (resume !== undefined) await trainee.restore(resume);
    const stopper = owned(makeStopper(checked.earlyStopping, trainee.variables, resume?.best));

    const taughtOf = async (source: BatchSource): Promise<TeacherOutputs> =>
      owned(
        teacher !== undefined && checked.teacherRuns === 'once'
          ? await askedOnce(teacher, source, breathing)
          : askedEachBatch(teacher),
      );
    const source = batchSource('data', checked.data, checked);
    const setLearningRate = learningRateSetter(optimizer, checked.learningRate);
    const teaching = await taughtOf(source);
    const epochParts = { trainee, teacher: teaching, source, setLearningRate, onStep, epochs, breathing };
    const { seed, batchSize: otherwise } = checked;
    const cut = { shuffle: false, seed, otherwise, batchSize: validation?.batchSize };
    const held = validation && batchSource('validation data', validation.data, cut);
    const validationParts = held && {
      backend: tfjsBackend(),
      student,
      // The order of a dataset matters to nobody here: a teacher that was to be asked once is asked again.
      teacher: held.samples === undefined ? askedEachBatch(teacher) : await taughtOf(held),
      source: held,
      objective: checked.objective,
      parameters: parameters.variables,
      metric: validation.metrics && (metricSet(validation.metrics) as AnyMetric<ResultsOf<Metrics>>),
      breathing,
    };

    const history: EpochReport<ResultsOf<Metrics>>[] = [];
    let { epoch, step } = resume ?? { epoch: 0, step: 0 };
    let stoppedEarly = false;
    while (epoch < epochs && !stoppedEarly) {
      epoch++;
      const started = performance.now();
      const trained = await trainEpoch(epochParts, epoch, step);
      step = trained.step;
      const checkedOn = validationParts && (await validate(validationParts, step));
      const seconds = (performance.now() - started) / 1000;
      const report = { epoch, step, ...trained.means, validation: checkedOn, seconds };
      history.push(report);
      stoppedEarly = !stopper.goesOn(report);
      const done = { epoch, step };
      await onEpoch?.({ ...report, state: async () => trainee.save({ ...done, ...(await stopper.save()) }) });
      signal?.throwIfAborted();
    }
    stopper.restore();
    return { history, stoppedEarly, bestEpoch: stopper.bestEpoch, parameters: await parameters.read() };
  } finally {
    for (const part of open) part.free();
  }
}
