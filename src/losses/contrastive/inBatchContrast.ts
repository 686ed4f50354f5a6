import type { Backend } from '../../backend.ts';
import { checkNotEmpty, checkRank, checkSameShape } from '../../check.ts';
import type { Loss } from '../../loss.ts';
import { identity } from '../../ops/centredGram.ts';
import { logOnePlus } from '../../ops/exponentialRemainder.ts';
import { effectiveRowWeights, type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { asRow, cosineRows, cosinesOf, gradientAcross } from '../../ops/unitRows.ts';
import { positive, readOptions, word } from '../../options.ts';
import { type FormOf, sharedRowLoss } from '../../rowLoss.ts';

/** Which of the other network's rows a row is to be near. */
export type ContrastPositives = 'pair' | 'label';

/** Options of `inBatchContrast`. */
export interface InBatchContrastOptions<
  Positives extends ContrastPositives = ContrastPositives,
  R extends Reduction = Reduction,
> extends RowOptions<R> {
  /** T: cosines are divided by it. Default 0.07. */
  readonly temperature?: number;
  /** `'pair'`, the default: that of the same sample. `'label'`: those of all samples with its label. */
  readonly positives?: Positives;
}

/** The inputs of `inBatchContrast`. */
export type InBatchContrastInput<Positives extends ContrastPositives> =
  | 'studentFeatures'
  | 'teacherFeatures'
  | (Positives extends 'label' ? 'labels' : never);

/** e⁻⁶⁰ is a number of float32, and so is the sum of many. */
const farthest = 60;

/**
 * Contrast within a batch (symmetric InfoNCE): the student's embedding of a sample is nearer to the teacher's of that sample
 * than to those of the others, and the other way round.
 *
 * With L = x̂·ŷᵀ/T of rows brought to length 1, P its softmax by rows and R by columns, and E_ij one over the number of i's
 * positives where j is one of them (the identity, where a sample has itself alone), a sample's loss is
 *
 *     −½·Σ_j E_ij·log P_ij − ½·Σ_j E_ij·log R_ji      gradient of the mean in x̂   (P + R − 2E)·ŷ/(2·B·T)
 *
 * and so through x̂ = x/‖x‖. A row of zeros has cosine 0 to all, and gradient 0.
 *
 * Inputs: `studentFeatures` and `teacherFeatures` [batch, width] of one shape; `labels` [batch], with `positives: 'label'`
 * or `ignoreIndex`; optional `rowWeights` [batch]. A sample that does not count is nobody's positive or negative either,
 * whatever it holds. Value: in nats, a scalar ≥ 0 (or [batch] with `reduction: 'none'`). Only `studentFeatures` gets a
 * gradient.
 *
 * @throws RangeError for a temperature that is not greater than 0, or an unknown option.
 * @example
 * const loss = inBatchContrast({ temperature: 0.5 });
 * const { value } = evaluate(loss, { studentFeatures: [[3, 4], [1, 0]], teacherFeatures: [[1, 1], [1, -1]] });
 * @see van den Oord, Li, Vinyals: Contrastive predictive coding (2018), arXiv 1807.03748; Khosla et al.: Supervised
 * contrastive learning (2020), arXiv 2004.11362
 */
// @__NO_SIDE_EFFECTS__
export function inBatchContrast<const Positives extends ContrastPositives = 'pair', R extends Reduction = 'mean'>(
  options: InBatchContrastOptions<Positives, R> = {},
): Loss<
  InBatchContrastInput<Positives>,
  'studentFeatures',
  Exclude<'labels' | 'rowWeights', InBatchContrastInput<Positives>>,
  FormOf<R>
> {
  const { temperature, positives, ...rows } = readOptions('inBatchContrast', options, {
    temperature: positive(0.07),
    positives: word<ContrastPositives>(['pair', 'label'], 'pair'),
    ...rowOptions<R>(null),
  });
  const byLabel = positives === 'label';

  const loss = sharedRowLoss(rows, {
    name: 'inBatchContrast',
    reference: inBatchContrast,
    options: { temperature, positives },
    inputs: ['studentFeatures', 'teacherFeatures', ...(byLabel ? (['labels'] as const) : [])],
    optionalInputs: ['rowWeights'],
    differentiable: ['studentFeatures'],

    check(backend, { studentFeatures, teacherFeatures, labels }) {
      const shape = backend.shapeOf(studentFeatures);
      checkRank('inBatchContrast', 'studentFeatures', shape, 2, '[batch, width]');
      checkNotEmpty('inBatchContrast', 'studentFeatures', shape);
      const teacher = backend.shapeOf(teacherFeatures);
      checkSameShape('inBatchContrast', 'teacherFeatures', teacher, 'studentFeatures', shape);
      const batch = shape.slice(0, 1);
      if (byLabel) checkSameShape('inBatchContrast', 'labels', backend.shapeOf(labels), 'the rows', batch);
      return batch;
    },

    rows(backend, inputs) {
      const weights = effectiveRowWeights(backend, rows, inputs);
      // 0 where a sample does not count.
      const counted = (features: typeof inputs.studentFeatures): typeof features =>
        weights === undefined ? features : ofRows(backend, weights, features);
      const student = cosineRows(backend, counted(inputs.studentFeatures));
      const teacher = cosineRows(backend, counted(inputs.teacherFeatures));
      const products = backend.matMul(student.rows, teacher.rows, { transposeB: true });
      const cosines = cosinesOf(backend, products, student, teacher);
      const scores = among(backend, weights, scale(backend, cosines, 1 / temperature), -Infinity);
      const [batch = 1] = backend.shapeOf(scores);
      const self = identity(backend, batch);
      const shares = byLabel ? positiveShares(backend, weights, inputs.labels!) : undefined;
      const bound = 2 / temperature < farthest ? backend.scalar(1 / temperature) : undefined;
      const ofStudents = sideOf(backend, scores, self, shares, 1, bound);
      const ofTeachers = sideOf(backend, scores, self, shares, 0, bound);
      // Sums along both axes are known after a walk over all scores: the next one would compute exponentials anew.
      backend.settle?.([...ofStudents.sums, ...ofTeachers.sums]);
      const losses = scale(backend, backend.add(ofStudents.losses(), ofTeachers.losses()), 0.5);
      return {
        losses,
        student: student.rows,
        lengths: student.lengths,
        perLength: student.perLength,
        rowFactors: student.factors,
        teacher: teacher.rows,
        teacherLengths: teacher.lengths,
        studentSlopes: ofStudents.slopes(),
        teacherSlopes: ofTeachers.slopes(),
      };
    },

    gradients(backend, kept, scaled) {
      const { student, lengths, perLength, rowFactors, teacher, teacherLengths } = kept;
      const [batch = 1] = backend.shapeOf(student);
      const slopes = backend.add(scaled(kept.studentSlopes), scaled(kept.teacherSlopes, [1, batch]));
      const factors = asRow(backend, backend.divide(backend.scalar(0.5 / temperature), teacherLengths));
      const weights = backend.multiply(slopes, factors);
      const inDirections = backend.matMul(weights, teacher);
      const inRows = gradientAcross(backend, backend.divide(student, lengths), perLength, inDirections);
      return [backend.multiply(inRows, rowFactors)];
    },
  });
  return loss as never;
}

/** The rows [batch, width] of samples that count, and zeros. */
function ofRows<T>(backend: Backend<T>, weights: T, features: T): T {
  const [batch = 1] = backend.shapeOf(features);
  return backend.where(backend.reshape(weights, [batch, 1]), features, backend.scalar(0));
}

/** Numbers of pairs [batch, batch], or `otherwise` where one of the two does not count. */
function among<T>(backend: Backend<T>, weights: T | undefined, pairs: T, otherwise: number): T {
  if (weights === undefined) return pairs;
  const [batch = 1] = backend.shapeOf(pairs);
  const others = backend.where(backend.reshape(weights, [1, batch]), pairs, backend.scalar(otherwise));
  return backend.where(backend.reshape(weights, [batch, 1]), others, backend.scalar(otherwise));
}

/** E: of each row's positives, one over their number. Symmetric, since positives of each other have equally many. */
function positiveShares<T>(backend: Backend<T>, weights: T | undefined, labels: T): T {
  const [batch = 1] = backend.shapeOf(labels);
  const column = backend.reshape(labels, [batch, 1]);
  const distance = backend.abs(backend.subtract(column, backend.reshape(labels, [1, batch])));
  const positives = backend.where(distance, backend.scalar(0), backend.scalar(1));
  const counted = among(backend, weights, positives, 0);
  return backend.divide(counted, backend.maximum(backend.sum(counted, { axis: 1, keepDims: true }), backend.scalar(1)));
}

/**
 * The cross-entropies of a softmax along an axis with the shares of the positives, [batch], and their derivatives in the scores.
 *
 * Of a score s_ii and what the others have beside it, log(1 + Σ_{j≠i} e^{s_ij − s_ii}) and −Σ_{j≠i} P_ij keep the digits that −log P_ii
 * and P_ii − 1 have lost where P_ii is nearly 1. Shares E of several positives add Σ_j E_ij·(s_ii − s_ij).
 *
 * @param self The identity.
 * @param shares E; undefined where it is the identity.
 * @param bound What no score exceeds by more than rounding, where all exponentials of what scores lack to it are numbers: both
 * axes then share them. Else what they lack to the largest along the axis counts.
 */
function sideOf<T>(backend: Backend<T>, scores: T, self: T, shares: T | undefined, axis: 0 | 1, bound: T | undefined) {
  const [batch = 1] = backend.shapeOf(scores);
  const kept = { axis, keepDims: true };
  const zero = backend.scalar(0);
  const lack = backend.subtract(scores, bound ?? backend.max(scores, kept));
  const exponentials = backend.exp(lack);
  const rest = backend.sum(backend.where(self, zero, exponentials), kept);
  // The diagonal is met along rows as well as along columns, where it costs a walk.
  const onDiagonal = (x: T): T => backend.sum(backend.where(self, x, zero), { axis: 1 });
  const own = onDiagonal(exponentials);
  const total = backend.add(rest, backend.reshape(own, backend.shapeOf(rest)));
  return {
    sums: [exponentials, rest, own],
    losses() {
      const ratio = backend.divide(backend.reshape(rest, [batch]), own);
      const surprise = logOnePlus(backend, ratio);
      const lackOfOwn = onDiagonal(lack);
      // Far below the largest score e^s is no number, or one without digits.
      const direct = backend.subtract(backend.log(backend.reshape(total, [batch])), lackOfOwn);
      const ofOwn =
        bound === undefined
          ? backend.where(backend.greater(own, backend.scalar(2 ** -100)), surprise, direct)
          : surprise;
      if (shares === undefined) return ofOwn;
      const weightedLack = backend.where(shares, backend.multiply(shares, lack), zero);
      return backend.add(ofOwn, backend.subtract(lackOfOwn, backend.sum(weightedLack, { axis })));
    },
    slopes() {
      const parts = backend.where(self, backend.subtract(zero, rest), exponentials);
      const ofSelf = backend.multiply(parts, backend.divide(backend.scalar(1), total));
      return shares === undefined ? ofSelf : backend.add(ofSelf, backend.subtract(self, shares));
    },
  };
}
