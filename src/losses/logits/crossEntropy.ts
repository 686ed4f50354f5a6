import type { Backend, Residuals } from '../../backend.ts';
import { checkOptions, checkWithin } from '../../check.ts';
import type { Loss } from '../../loss.ts';
import { checkLabels, checkLogits, checkRowWeights } from '../../ops/checkRows.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import {
  checkRowOptions,
  effectiveRowWeights,
  type Reduction,
  type RowOptions,
  reduceRows,
  scaleRowGradients,
} from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** ε: the target is (1 − ε) on the label plus ε/classes everywhere. In [0, 1]; default 0. */
  readonly labelSmoothing?: number;
  /** Rows with this label do not count. Default −100. */
  readonly ignoreIndex?: number;
}

/**
 * Cross-entropy with hard labels: the task loss.
 *
 * With q = softmax(studentLogits) and target y = (1 − ε)·onehot(label) + ε/classes, a row's loss is
 *
 *     −Σ y·log q        gradient in studentLogits   q − y
 *
 * Inputs: `studentLogits` [..., classes], `labels` [...], optional `rowWeights` [...]. Value: in nats, ≥ 0. Only
 * `studentLogits` gets a gradient. On a device whose values cannot be read without waiting, a label outside
 * [0, classes) gives NaN; on the host it is an error.
 *
 * @throws RangeError for a label smoothing outside [0, 1], a label out of range, or an unknown option.
 * @example
 * const { value, gradients } = valueAndGradients(crossEntropy(), { studentLogits: [[2, 0, 1]], labels: [0] });
 */
// @__NO_SIDE_EFFECTS__
export function crossEntropy<R extends Reduction = 'mean'>(
  options: CrossEntropyOptions<R> = {},
): Loss<'studentLogits' | 'labels', 'studentLogits', 'rowWeights', R extends 'none' ? 'rows' : 'scalar'> {
  checkOptions('crossEntropy', options, ['labelSmoothing', 'reduction', 'ignoreIndex', 'normalizer']);
  const { labelSmoothing = 0 } = options;
  checkWithin('crossEntropy', 'labelSmoothing', labelSmoothing, 0, 1);
  const rows = checkRowOptions('crossEntropy', { ignoreIndex: -100, ...options });

  return {
    name: 'crossEntropy',
    reference: crossEntropy,
    options: { labelSmoothing, ...rows },
    inputs: ['studentLogits', 'labels'],
    optionalInputs: ['rowWeights'],
    differentiable: ['studentLogits'],
    form: (rows.reduction === 'none' ? 'rows' : 'scalar') as R extends 'none' ? 'rows' : 'scalar',

    check(backend, inputs) {
      const rowShape = checkLogits(backend, 'crossEntropy', 'studentLogits', inputs.studentLogits);
      const classes = backend.shapeOf(inputs.studentLogits).at(-1)!;
      checkLabels(backend, 'crossEntropy', 'labels', inputs.labels, rowShape, classes, rows.ignoreIndex);
      checkRowWeights(backend, 'crossEntropy', inputs.rowWeights, rowShape);
    },

    forward(backend, inputs) {
      const classes = backend.shapeOf(inputs.studentLogits).at(-1)!;
      const logProbabilities = logSoftmax(backend, inputs.studentLogits);
      const oneHot = backend.oneHot(inputs.labels, classes);
      // 1 for a label in range; for another 0, which turns the row's loss and gradient into NaN: never a silent 0.
      const labelled = backend.sum(oneHot, { axis: -1, keepDims: true });
      const zero = backend.scalar(0);
      const onLabel = backend.where(oneHot, logProbabilities, zero);
      const target = backend.divide(oneHot, labelled);
      let rowSums = backend.sum(backend.divide(onLabel, labelled), { axis: -1 });
      let smoothed = target;
      if (labelSmoothing > 0) {
        const everywhere = scale(backend, backend.sum(logProbabilities, { axis: -1 }), labelSmoothing / classes);
        rowSums = backend.add(scale(backend, rowSums, 1 - labelSmoothing), everywhere);
        smoothed = backend.add(scale(backend, target, 1 - labelSmoothing), backend.scalar(labelSmoothing / classes));
      }
      const weights = effectiveRowWeights(backend, rows, inputs);
      const { value, rowScale } = reduceRows(backend, rows, scale(backend, rowSums, -1), weights);
      return { value, residuals: { logProbabilities, smoothed, rowScale } };
    },

    backward<T>(backend: Backend<T>, residuals: Residuals<T>, upstream: T) {
      const { logProbabilities, smoothed, rowScale } = residuals as Record<
        'logProbabilities' | 'smoothed' | 'rowScale',
        T
      >;
      const rowGradients = backend.subtract(backend.exp(logProbabilities), smoothed);
      return [scaleRowGradients(backend, rowGradients, rowScale, upstream)];
    },
  };
}
