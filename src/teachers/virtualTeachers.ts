/** What a teacher might have said, made from the labels alone: targets for any loss that takes `teacherLogits`. */
import { rangeError } from '../check.ts';
import { usualIgnoreIndex } from '../ops/rowReduction.ts';
import { between, positive, readOptions, whole, within } from '../options.ts';
import { randomNormal } from '../random.ts';
import { type HostTensor, type TensorLike, toHostTensor } from '../tensor.ts';

/** Options that all virtual teachers have. */
export interface VirtualTeacherOptions {
  /** The number of classes, at least 2. */
  readonly classes: number;
  /** Rows with this label say nothing: uniform over the classes. Default −100. */
  readonly ignoreIndex?: number;
}

/** Options of `smoothedLabels`. */
export interface SmoothedLabelsOptions extends VirtualTeacherOptions {
  /** ε: the share that is spread over all classes, in [0, 1]. Default 0.1. */
  readonly smoothing?: number;
}

/** Options of `confidentTeacher`. */
export interface ConfidentTeacherOptions extends VirtualTeacherOptions {
  /** a: the probability of the label, strictly between 0 and 1. Default 0.99. */
  readonly confidence?: number;
}

/** Options of `noisyLabels`. */
export interface NoisyLabelsOptions extends VirtualTeacherOptions {
  /** The variance of the noise. Default 0.2. */
  readonly variance?: number;
  /** What noisy labels are divided by before the softmax. Default 0.15. */
  readonly temperature?: number;
  /** A whole number; the same seed gives the same noise. Default 0. */
  readonly seed?: number;
}

const leastLabel = -(2 ** 31);
const common = {
  classes: /* @__PURE__ */ whole(2),
  ignoreIndex: /* @__PURE__ */ whole(leastLabel, usualIgnoreIndex),
} as const;

/**
 * Label smoothing as a teacher: (1 − ε) on the label plus ε/classes everywhere.
 *
 * `softCrossEntropy()` against it is `crossEntropy({ labelSmoothing: ε })`; `klDivergence()` differs by a constant.
 *
 * @param labels Whole numbers in [0, classes), [...].
 * @returns Log-probabilities [..., classes], a host tensor in float64.
 * @throws RangeError for a label or an option out of range.
 * @example
 * const teacherLogits = smoothedLabels([2, 0], { classes: 3, smoothing: 0.1 });
 * @see Yuan et al.: Revisiting knowledge distillation via label smoothing regularization (2020), arXiv 1909.11723
 */
export function smoothedLabels(labels: TensorLike, options: SmoothedLabelsOptions): HostTensor {
  const checked = readOptions('smoothedLabels', options, { ...common, smoothing: within(0, 1, 0.1) });
  const rest = checked.smoothing / checked.classes;
  return twoValued('smoothedLabels', labels, checked, Math.log(1 - checked.smoothing + rest), Math.log(rest));
}

/**
 * The virtual teacher of Tf-KD: always right, with probability a on the label and (1 − a)/(classes − 1) on each other class.
 *
 * The paper trains on `klDivergence({ temperature: 20 })` with it: what is tempered are its logarithms, as a real teacher's
 * logits would be. (The authors' code tempers the probabilities, which leaves them nearly uniform.)
 *
 * @param labels Whole numbers in [0, classes), [...].
 * @returns Log-probabilities [..., classes], a host tensor in float64.
 * @throws RangeError for a label or an option out of range.
 * @example
 * const teacherLogits = confidentTeacher([2, 0], { classes: 3, confidence: 0.99 });
 * @see Yuan et al.: Revisiting knowledge distillation via label smoothing regularization (2020), arXiv 1909.11723
 */
export function confidentTeacher(labels: TensorLike, options: ConfidentTeacherOptions): HostTensor {
  const checked = readOptions('confidentTeacher', options, { ...common, confidence: between(0, 1, 0.99) });
  const rest = (1 - checked.confidence) / (checked.classes - 1);
  return twoValued('confidentTeacher', labels, checked, Math.log(checked.confidence), Math.log(rest));
}

/**
 * Soft labels without a teacher: Gaussian noise on the one-hot label, then a softmax. They show how much of what a student gains
 * comes from softness alone.
 *
 *     softmax((onehot(label) + noise)/temperature),    noise ~ N(0, variance)
 *
 * The noise of row i and class j is the draw i·classes + j of the seed: the same on every machine. For new noise in
 * each epoch give `deriveSeed(seed, epoch)`.
 *
 * @param labels Whole numbers in [0, classes), [...].
 * @returns Log-probabilities [..., classes], a host tensor in float64.
 * @throws RangeError for a label or an option out of range.
 * @example
 * const teacherLogits = noisyLabels([2, 0], { classes: 3, seed: 1 });
 * @see Ojha, Li, Sundara Rajan, Liang, Lee: What knowledge gets distilled in knowledge distillation? (2023), appendix C.2
 */
export function noisyLabels(labels: TensorLike, options: NoisyLabelsOptions): HostTensor {
  const checked = readOptions('noisyLabels', options, {
    ...common,
    variance: positive(0.2),
    temperature: positive(0.15),
    seed: whole(0, 0),
  });
  const { variance, temperature, seed } = checked;
  const deviation = Math.sqrt(variance);
  return tableOf('noisyLabels', labels, checked, (row, label) => {
    const start = label.row * checked.classes;
    for (let index = 0; index < row.length; index++) {
      const noise = deviation * randomNormal(seed, start + index);
      row[index] = ((index === label.class ? 1 : 0) + noise) / temperature;
    }
    const largest = row.reduce((most, value) => Math.max(most, value), -Infinity);
    const total = largest + Math.log(row.reduce((sum, value) => sum + Math.exp(value - largest), 0));
    row.forEach((value, index) => {
      row[index] = value - total;
    });
  });
}

/** A table of two values: one on the label, another on every other class. */
function twoValued(
  where: string,
  labels: TensorLike,
  options: Required<VirtualTeacherOptions>,
  onLabel: number,
  elsewhere: number,
): HostTensor {
  return tableOf(where, labels, options, (row, label) => {
    row.fill(elsewhere);
    row[label.class] = onLabel;
  });
}

/** A row for each label, written by `fill`; uniform for an ignored one. */
function tableOf(
  where: string,
  labels: TensorLike,
  { classes, ignoreIndex }: Required<VirtualTeacherOptions>,
  fill: (row: Float64Array, label: { readonly row: number; readonly class: number }) => void,
): HostTensor {
  const { data, shape } = toHostTensor(labels, where, 'labels');
  const table = new Float64Array(data.length * classes);
  data.forEach((label, row) => {
    const target = table.subarray(row * classes, (row + 1) * classes);
    if (label === ignoreIndex) {
      target.fill(-Math.log(classes));
      return;
    }
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw rangeError(where, 'labels', `whole numbers in [0, ${classes})`, label);
    }
    fill(target, { row, class: label });
  });
  return { data: table, shape: [...shape, classes] };
}
