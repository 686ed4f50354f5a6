import type { Loss } from '../../loss.ts';
import { checkLabels, checkLogits } from '../../ops/checkRows.ts';
import { classAxis, classesBack, classesLast } from '../../ops/classAxis.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { readOptions, within } from '../../options.ts';
import { type FormOf, sharedRowLoss } from '../../rowLoss.ts';

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** ε: the target is (1 − ε) on the label plus ε/classes everywhere. In [0, 1]; default 0. */
  readonly labelSmoothing?: number;
  /** The axis of the classes; the other axes are rows, those of the labels. Default −1, the last. */
  readonly axis?: number;
}

/**
 * Cross-entropy with hard labels: the task loss.
 *
 * With q = softmax(studentLogits) and target y = (1 − ε)·onehot(label) + ε/classes, a row's loss is
 *
 *     −Σ y·log q        gradient in studentLogits   q − y
 *
 * Inputs: `studentLogits` [..., classes], or with the classes along `axis`; `labels` [...], optional `rowWeights` [...]. Value:
 * in nats, ≥ 0. Only `studentLogits` gets a gradient. What a row is short of certainty is rounded beside 1: below 6e-8 in float32,
 * 1e-16 in float64, its loss is 0, and so is the gradient at its label. On a device whose values cannot be read without
 * waiting, a label outside [0, classes) gives NaN; on the host it is an error.
 *
 * @throws RangeError for a label smoothing outside [0, 1], a label out of range, or an unknown option.
 * @example
 * const { value, gradients } = valueAndGradients(crossEntropy(), { studentLogits: [[2, 0, 1]], labels: [0] });
 */
// @__NO_SIDE_EFFECTS__
export function crossEntropy<R extends Reduction = 'mean'>(
  options: CrossEntropyOptions<R> = {},
): Loss<'studentLogits' | 'labels', 'studentLogits', 'rowWeights', FormOf<R>> {
  const { labelSmoothing, axis, ...rows } = readOptions('crossEntropy', options, {
    labelSmoothing: within(0, 1, 0),
    axis: classAxis(),
    ...rowOptions<R>(),
  });

  return sharedRowLoss(rows, {
    name: 'crossEntropy',
    reference: crossEntropy,
    options: { labelSmoothing, axis },
    inputs: ['studentLogits', 'labels'],
    differentiable: ['studentLogits'],

    check(backend, inputs) {
      const { studentLogits, labels } = inputs;
      const rowShape = checkLogits(backend, 'crossEntropy', 'studentLogits', studentLogits, axis);
      const classes = backend.shapeOf(studentLogits).at(axis)!;
      checkLabels(backend, 'crossEntropy', 'labels', labels, rowShape, classes, {
        ...inputs,
        ignoreIndex: rows.ignoreIndex,
      });
      return rowShape;
    },

    rows(backend, { studentLogits, labels }) {
      const classes = backend.shapeOf(studentLogits).at(axis)!;
      const logProbabilities = logSoftmax(backend, classesLast(backend, studentLogits, axis));
      const oneHot = backend.oneHot(labels, classes);
      // 1 for a label in range; for another 0, which turns the row's loss and gradient into NaN: never a silent 0.
      const labelled = backend.sum(oneHot, { axis: -1, keepDims: true });
      const target = backend.divide(oneHot, labelled);
      const onLabel = backend.where(oneHot, logProbabilities, backend.scalar(0));
      const rowSums = backend.sum(backend.divide(onLabel, labelled), { axis: -1 });
      if (labelSmoothing === 0) return { losses: scale(backend, rowSums, -1), logProbabilities, target };
      const everywhere = scale(backend, backend.sum(logProbabilities, { axis: -1 }), -labelSmoothing / classes);
      // 0·−Infinity is NaN: where the label's share is 0, its term is left out, but not the NaN of a label out of range.
      const share = 1 - labelSmoothing;
      const onLabels =
        share === 0 ? scale(backend, backend.sum(target, { axis: -1 }), 0) : scale(backend, rowSums, -share);
      const smoothed = backend.add(scale(backend, target, share), backend.scalar(labelSmoothing / classes));
      return { losses: backend.add(onLabels, everywhere), logProbabilities, target: smoothed };
    },

    gradients: (backend, { logProbabilities, target }, scaled) => {
      const gradient = backend.subtract(backend.exp(logProbabilities), target);
      return [classesBack(backend, scaled(gradient), axis)];
    },
  });
}
