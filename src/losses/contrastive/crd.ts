import type { Backend, Residuals } from '../../backend.ts';
import type { Inputs } from '../../inputs.ts';
import type { Loss, LossContext } from '../../loss.ts';
import {
  effectiveRowWeights,
  type Reduction,
  reduceRows,
  scaleRowGradients,
  withNormalizer,
} from '../../ops/rowReduction.ts';
import type { FormOf } from '../../rowLoss.ts';
import { batchContrastGradients, contrastWithinBatch } from './batchContrast.ts';
import { checkContrast, checkPartitions } from './checkCrd.ts';
import {
  addContrasts,
  type ContrastScale,
  contrastWithBank,
  contrastWithPositives,
  contrastWithQueue,
} from './contrast.ts';
import {
  type CheckedCrdOptions,
  type CrdInput,
  type CrdNegatives,
  type CrdNormalization,
  type CrdOptionalInput,
  type CrdOptions,
  checkCrdOptions,
  crdInputs,
  crdMark,
  projectionInputs,
} from './crdOptions.ts';
import { type Embedding, embed, embedGradients, type ProjectionInput } from './embedding.ts';

/**
 * Contrastive representation distillation: a sample's student and teacher embeddings attract each other and repel those
 * of other samples.
 *
 * Both networks' features are projected (weight and bias, trained) and brought to length 1. A student embedding v is
 * scored against rows w of the teacher's bank, one positive w₀ and K negatives, and likewise a teacher embedding against
 * the student's bank; the two sides are added. With h = e^(v·w/T)/Z / (e^(v·w/T)/Z + K/M) a sample's loss is
 *
 *     −log h(w₀) − Σ log(1 − h(w_k))     gradient in v   (Σ h(w_k)·w_k − (1 − h(w₀))·w₀)/T
 *
 * computed from scores and logarithms, so no temperature overflows, a few anchors at a time, so no tensor of
 * [batch, K, dimension] is made. `negatives: 'bank'` reads rows that a `contrastSampler` drew, the positive too: bank
 * rows have no gradient. `'queue'` takes all rows of a queue as negatives and the other network's embedding as the
 * positive, `'inBatch'` the batch's other samples, except those of the same class where `labels` are given (a negative label
 * is none: its sample is a class of its own); these current embeddings get gradients. There K/M is rows/populationSize and (batch − 1)/populationSize.
 *
 * Inputs: `studentFeatures`, `teacherFeatures` [batch, features]; `studentProjectionWeight`, `teacherProjectionWeight`
 * [features, dimension] and `studentProjectionBias`, `teacherProjectionBias` [dimension] from `initializeCrd`;
 * `studentBank`, `teacherBank` [M, dimension], `studentLogPartition` and `teacherLogPartition` (log Z of the student's
 * and the teacher's anchors) from a `ContrastiveMemory`; `positiveIndices` [batch] and `contrastIndices` [batch, K] from
 * a `contrastSampler` (its `sampleOn` for a device: on `webgpu` the negatives are then drawn where they are scored);
 * optional `rowWeights` [batch]. Value: in nats, ≥ 0. Features and projections get gradients. A sample whose projection is
 * zero has a zero embedding and gradient 0. On a device whose values cannot be read without waiting, row numbers outside
 * the bank are not caught.
 *
 * @throws RangeError for a temperature that is not greater than 0, an unknown option, a bank smaller than the batch, or a
 *   row number outside the bank; TypeError for shapes that do not fit.
 * @example
 * const memory = ContrastiveMemory({ size: 1000, dimension: 128, seed: 1 });
 * const loss = crd({ temperature: 0.07 });
 * const batch = { studentFeatures, teacherFeatures, ...projections, positiveIndices, contrastIndices };
 * memory.estimatePartitions(loss, batch);
 * const { value, gradients } = valueAndGradients(loss, { ...batch, ...memory.tensors() });
 * memory.update({ ...batch, indices });
 * @see Tian, Krishnan, Isola: Contrastive representation distillation (2020), arXiv 1910.10699
 */
// @__NO_SIDE_EFFECTS__
export function crd<
  const Negatives extends CrdNegatives = 'bank',
  const Normalization extends CrdNormalization = 'reference',
  R extends Reduction = 'mean',
>(
  options: CrdOptions<Negatives, Normalization, R> = {},
): Loss<CrdInput<Negatives, Normalization>, ProjectionInput, CrdOptionalInput<Negatives>, FormOf<R>> {
  const checked = checkCrdOptions(options);
  const { negatives, normalization } = checked;

  const loss: Loss<string, string, string, 'rows' | 'scalar'> = {
    name: 'crd',
    reference: crdMark,
    options: checked,
    inputs: crdInputs(checked),
    optionalInputs: ['rowWeights', ...(negatives === 'inBatch' ? ['labels'] : [])],
    differentiable: projectionInputs,
    form: checked.reduction === 'none' ? 'rows' : 'scalar',
    takesNormalizer: checked.reduction === 'mean',

    check(backend, inputs) {
      checkContrast(backend, 'crd', checked, inputs);
      if (normalization === 'reference') checkPartitions(backend, 'crd', inputs);
    },

    forward<T>(backend: Backend<T>, inputs: Inputs<string, string, T>, context?: LossContext) {
      const student = embed(backend, 'student', inputs);
      const teacher = embed(backend, 'teacher', inputs);
      const contrast = contrastOf(backend, checked, student.directions, teacher.directions, inputs);
      const { losses, ...derivatives } = contrast;
      const rows = withNormalizer('crd', checked, context?.normalizer);
      const weights = effectiveRowWeights(backend, rows, { rowWeights: inputs.rowWeights });
      const { value, rowScale } = reduceRows(backend, rows, losses, weights);
      const residuals = { student: { ...student }, teacher: { ...teacher }, ...derivatives, rowScale };
      return { value, residuals: residuals as Residuals<T> };
    },

    backward<T>(backend: Backend<T>, residuals: Residuals<T>, upstream: T) {
      const { student, teacher } = residuals as unknown as Readonly<Record<'student' | 'teacher', Embedding<T>>>;
      const { rowScale, studentGradients, teacherGradients, studentSlopes, teacherSlopes } = residuals as Record<
        string,
        T
      >;
      const [studentGradient, teacherGradient] =
        negatives === 'inBatch'
          ? batchContrastGradients(
              backend,
              { studentSlopes: studentSlopes as T, teacherSlopes: teacherSlopes as T },
              student.directions,
              teacher.directions,
              backend.multiply(upstream, rowScale as T),
            )
          : [
              scaleRowGradients(backend, studentGradients as T, rowScale as T, upstream),
              scaleRowGradients(backend, teacherGradients as T, rowScale as T, upstream),
            ];
      return [
        ...embedGradients(backend, student, studentGradient),
        ...embedGradients(backend, teacher, teacherGradient),
      ];
    },
  };
  return loss as never;
}

/** Log of the ratio K/M of noise to data. */
function logNoiseRatio<T>(
  backend: Backend<T>,
  { negatives, populationSize }: CheckedCrdOptions,
  inputs: Inputs<string, string, T>,
): number {
  if (negatives === 'inBatch') {
    const batch = backend.shapeOf(inputs.studentFeatures as T)[0]!;
    return Math.log((batch - 1) / (populationSize ?? batch));
  }
  const size = backend.shapeOf(inputs.studentBank as T)[0]!;
  const count = negatives === 'queue' ? size : backend.shapeOf(inputs.contrastIndices as T)[1]!;
  return Math.log(count / (populationSize ?? size));
}

/** Each sample's loss, and its derivatives in the embeddings or, within a batch, in the scores. */
function contrastOf<T>(
  backend: Backend<T>,
  options: CheckedCrdOptions,
  student: T,
  teacher: T,
  inputs: Inputs<string, string, T>,
): { readonly losses: T } & Residuals<T> {
  const logRatio = backend.scalar(logNoiseRatio(backend, options, inputs));
  const scaling = (partition: T | undefined): ContrastScale<T> => ({
    temperature: options.temperature,
    threshold: partition === undefined ? logRatio : backend.add(backend.reshape(partition, []), logRatio),
  });
  const estimated = options.normalization === 'reference';
  const studentScale = scaling(estimated ? inputs.studentLogPartition : undefined);
  const teacherScale = scaling(estimated ? inputs.teacherLogPartition : undefined);
  if (options.negatives === 'inBatch') {
    return { ...contrastWithinBatch(backend, student, teacher, studentScale, teacherScale, inputs) };
  }
  const studentBank = inputs.studentBank as T;
  const teacherBank = inputs.teacherBank as T;
  if (options.negatives === 'queue') {
    const studentPositive = contrastWithPositives(backend, student, teacher, studentScale);
    const teacherPositive = contrastWithPositives(backend, teacher, student, teacherScale);
    const studentSide = addContrasts(
      backend,
      studentPositive,
      contrastWithQueue(backend, student, teacherBank, studentScale),
    );
    const teacherSide = addContrasts(
      backend,
      teacherPositive,
      contrastWithQueue(backend, teacher, studentBank, teacherScale),
    );
    return {
      losses: backend.add(studentSide.losses, teacherSide.losses),
      studentGradients: backend.add(studentSide.gradients, teacherPositive.positiveGradients),
      teacherGradients: backend.add(teacherSide.gradients, studentPositive.positiveGradients),
    };
  }
  const side = (anchors: T, bank: T, scale: ContrastScale<T>) =>
    addContrasts(
      backend,
      contrastWithPositives(backend, anchors, backend.gather(bank, inputs.positiveIndices as T), scale),
      contrastWithBank(backend, anchors, bank, inputs.contrastIndices as T, scale),
    );
  const studentSide = side(student, teacherBank, studentScale);
  const teacherSide = side(teacher, studentBank, teacherScale);
  return {
    losses: backend.add(studentSide.losses, teacherSide.losses),
    studentGradients: studentSide.gradients,
    teacherGradients: teacherSide.gradients,
  };
}
