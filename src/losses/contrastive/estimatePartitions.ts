import type { Backend } from '../../backend.ts';
import { checkIsBackend, kindError } from '../../check.ts';
import { type Inputs, inputsOn } from '../../inputs.ts';
import type { Form, Loss } from '../../loss.ts';
import { foldContrasts } from '../../ops/contrastScores.ts';
import { logAddExp } from '../../ops/logAddExp.ts';
import { logSumExp } from '../../ops/logSumExp.ts';
import { scale } from '../../ops/scale.ts';
import type { TensorLike } from '../../tensor.ts';
import { checkContrast } from './checkCrd.ts';
import { type CheckedCrdOptions, crdMark } from './crdOptions.ts';
import { embed } from './embedding.ts';

/** log Z of both sides, under the names of the inputs of `crd`. */
export interface Partitions<T> {
  /** Of the student's anchors, which are scored against the teacher's rows. A scalar. */
  readonly studentLogPartition: T;
  /** Of the teacher's anchors. A scalar. */
  readonly teacherLogPartition: T;
}

/** The inputs of a `crd` loss but for its partitions. */
export type ContrastInput<Input extends string> = Exclude<Input, keyof Partitions<unknown>>;

/**
 * Estimates the constants Z of `crd` on a batch, usually the first one: Z = M·mean(e^(score/T)) over all its scores,
 * positives included, for each side; computed and returned as a logarithm. The authors' code keeps them for the whole
 * training.
 *
 * @param loss A `crd` loss.
 * @param inputs Its inputs without the partitions; host arrays among them are copied onto the backend.
 * @returns Scalars on the backend, which the caller owns.
 * @throws TypeError when the loss is no `crd`, or an input is missing or of the wrong shape.
 * @example
 * const partitions = estimatePartitionsOn(backend, loss, firstBatch);
 * const { value } = evaluateOn(backend, loss, { ...batch, ...partitions });
 */
export function estimatePartitionsOn<
  T,
  Input extends string,
  Differentiable extends string,
  Optional extends string,
  LossForm extends Form,
>(
  backend: Backend<T>,
  loss: Loss<Input, Differentiable, Optional, LossForm>,
  inputs: Inputs<ContrastInput<Input>, Optional, T | TensorLike>,
): Partitions<T> {
  checkIsBackend('estimatePartitionsOn', backend);
  if (loss?.reference !== crdMark) {
    throw kindError('estimatePartitions', 'loss', 'a crd loss', loss?.name, 'Of a weightedSum pass the term itself.');
  }
  const options = loss.options as CheckedCrdOptions;
  const owner = {
    name: 'estimatePartitions',
    inputs: loss.inputs.filter((name) => !name.endsWith('LogPartition')) as ContrastInput<Input>[],
    optionalInputs: loss.optionalInputs,
  };
  return backend.scope(() => {
    const placed = inputsOn(backend, owner, inputs) as Inputs<string, string, T>;
    checkContrast(backend, 'estimatePartitions', options, placed);
    const student = embed(backend, 'student', placed).directions;
    const teacher = embed(backend, 'teacher', placed).directions;
    return {
      studentLogPartition: logPartition(backend, options, student, teacher, placed.teacherBank, placed),
      teacherLogPartition: logPartition(backend, options, teacher, student, placed.studentBank, placed),
    };
  });
}

/** log(M·mean e^(score/T)) of one side's anchors. */
function logPartition<T>(
  backend: Backend<T>,
  { negatives, temperature, populationSize }: CheckedCrdOptions,
  anchors: T,
  others: T,
  bank: T | undefined,
  inputs: Inputs<string, string, T>,
): T {
  const batch = backend.shapeOf(anchors)[0]!;
  const tempered = (scores: T): T => scale(backend, scores, 1 / temperature);
  if (negatives === 'inBatch' || bank === undefined) {
    const scores = tempered(backend.matMul(anchors, others, { transposeB: true }));
    return shifted(backend, logSumExp(backend, scores), (populationSize ?? batch) / batch ** 2);
  }
  const size = backend.shapeOf(bank)[0]!;
  const ofQueue = negatives === 'queue';
  const count = ofQueue ? size : backend.shapeOf(inputs.contrastIndices as T)[1]!;
  const sums = ofQueue
    ? logSumExp(backend, tempered(backend.matMul(anchors, bank, { transposeB: true })))
    : foldContrasts(
        backend,
        anchors,
        bank,
        inputs.contrastIndices as T,
        (chunk) => ({ sums: chunk.logSumExp(tempered(chunk.scores)) }),
        (a, b) => logAddExp(backend, a, b),
      ).sums;
  const positives = ofQueue ? others : backend.gather(bank, inputs.positiveIndices as T);
  const positiveScores = tempered(backend.sum(backend.multiply(anchors, positives), { axis: -1 }));
  const perAnchor = logAddExp(backend, sums, positiveScores);
  return shifted(backend, perAnchor, (populationSize ?? size) / (batch * (count + 1)));
}

/** The logarithm of the summed exponentials times a factor, a scalar. */
function shifted<T>(backend: Backend<T>, logs: T, factor: number): T {
  return backend.add(logSumExp(backend, logs), backend.scalar(Math.log(factor)));
}
