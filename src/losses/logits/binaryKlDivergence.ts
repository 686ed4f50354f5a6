import type { Backend } from '../../backend.ts';
import { checkSameShape } from '../../check.ts';
import type { Loss } from '../../loss.ts';
import { bernoulliPair } from '../../ops/bernoulli.ts';
import { checkLogitPair, checkRowWeights } from '../../ops/checkRows.ts';
import { effectiveRowWeights, type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { positive, readOptions } from '../../options.ts';
import { type FormOf, maskedRowLoss } from '../../rowLoss.ts';

/** Options of `binaryKlDivergence`. */
export interface BinaryKlDivergenceOptions<R extends Reduction = Reduction> extends Omit<RowOptions<R>, 'ignoreIndex'> {
  /** T: both sides' logits are divided by it. Default 1. */
  readonly temperature?: number;
  /** Elements of the input `labels` that are this number do not count. Default −100; null: every element counts. */
  readonly ignoreIndex?: number | null;
}

/**
 * Kullback–Leibler divergence where each label is a yes or no of its own: multi-label classifiers, scores of detections.
 *
 * With u = studentLogits/T, v = teacherLogits/T and σ the logistic function, over the C labels of a row its loss is
 *
 *     T²·mean of KL(σ(v)‖σ(u))        gradient in studentLogits   T·(σ(u) − σ(v))/C
 *
 * where KL counts the no as well as the yes. (Codes that keep σ(v)·log σ(u) alone reward large logits everywhere.) A teacher at
 * ±Infinity is certain; a student at ±Infinity that is not as certain of the same makes the loss +Infinity.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., labels]; optional `labels` [..., labels], whose elements that are
 * `ignoreIndex` do not count: C is the number of those left, and a row without any does not count; optional `rowWeights`
 * [...]. Value: in nats, ≥ 0, a scalar (or [...] with `reduction: 'none'`). Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for a temperature that is not greater than 0, or an unknown option.
 * @example
 * const { value } = evaluate(binaryKlDivergence(), { studentLogits: [[1, -2, 0]], teacherLogits: [[3, -4, 1]] });
 * @see Hinton, Vinyals, Dean: Distilling the knowledge in a neural network (2015), arXiv 1503.02531
 */
// @__NO_SIDE_EFFECTS__
export function binaryKlDivergence<R extends Reduction = 'mean'>(
  options: BinaryKlDivergenceOptions<R> = {},
): Loss<'studentLogits' | 'teacherLogits', 'studentLogits', 'labels' | 'rowWeights', FormOf<R>> {
  const { temperature, ignoreIndex, ...rows } = readOptions('binaryKlDivergence', options, {
    temperature: positive(1),
    ...rowOptions<R>(),
  });

  /** 1 for each element that counts; undefined where all do. */
  const counted = <T>(backend: Backend<T>, labels: T | undefined): T | undefined =>
    effectiveRowWeights(backend, { ignoreIndex }, { labels });
  const countOf = <T>(backend: Backend<T>, mask: T, keepDims: boolean): T => backend.sum(mask, { axis: -1, keepDims });

  return maskedRowLoss(rows, {
    name: 'binaryKlDivergence',
    reference: binaryKlDivergence,
    options: { temperature, ignoreIndex },
    inputs: ['studentLogits', 'teacherLogits'],
    optionalInputs: ['labels', 'rowWeights'],
    differentiable: ['studentLogits'],

    check(backend, { labels, rowWeights, ...logits }) {
      const rowShape = checkLogitPair(backend, 'binaryKlDivergence', logits, -1, 1);
      if (labels !== undefined && ignoreIndex !== null) {
        const hint = 'Each logit has a label; where the labels are not of these logits, set ignoreIndex: null.';
        const shape = backend.shapeOf(logits.studentLogits);
        checkSameShape('binaryKlDivergence', 'labels', backend.shapeOf(labels), 'studentLogits', shape, hint);
      }
      checkRowWeights(backend, 'binaryKlDivergence', rowWeights, rowShape);
      return rowShape;
    },

    counts(backend, { labels, rowWeights }) {
      const weights = effectiveRowWeights(backend, { ignoreIndex: null }, { rowWeights });
      const mask = counted(backend, labels);
      if (mask === undefined) return weights;
      const some = backend.greater(countOf(backend, mask, false), backend.scalar(0));
      return weights === undefined ? some : backend.where(some, weights, backend.scalar(0));
    },

    rows(backend, { studentLogits, teacherLogits, labels }) {
      // The difference before all are divided by T: of quotients it would have lost its digits.
      const [student, teacher, apart] = [
        studentLogits,
        teacherLogits,
        backend.subtract(studentLogits, teacherLogits),
      ].map((x) => scale(backend, x, 1 / temperature));
      const { divergence, gap } = bernoulliPair(backend, student!, teacher!, apart!);
      const mask = counted(backend, labels);
      const shared = (x: typeof gap) => {
        if (mask === undefined) return scale(backend, x, 1 / backend.shapeOf(studentLogits).at(-1)!);
        const share = backend.divide(mask, backend.maximum(countOf(backend, mask, true), backend.scalar(1)));
        return backend.where(share, backend.multiply(x, share), backend.scalar(0));
      };
      const losses = backend.sum(shared(divergence), { axis: -1 });
      return { losses: scale(backend, losses, temperature ** 2), slope: shared(gap) };
    },

    gradients: (backend, { slope }, scaled) => [scaled(scale(backend, slope!, temperature))],
  });
}
