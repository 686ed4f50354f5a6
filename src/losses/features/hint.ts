import type { Backend, Residuals, Shape } from '../../backend.ts';
import { checkNotEmpty, checkSameShape, describeShape, rangeError, shapeError } from '../../check.ts';
import type { Inputs } from '../../inputs.ts';
import type { Loss, LossContext } from '../../loss.ts';
import { affine, affineGradients, type FeatureLayout } from '../../ops/affine.ts';
import { checkRowWeights } from '../../ops/checkRows.ts';
import { type CheckedRowOptions, effectiveRowWeights, reduceRows, scaleRowGradients } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { optional, positive, readOptions, word } from '../../options.ts';

/** How the student's features are mapped to the teacher's width. */
export type HintRegressor = 'none' | 'linear' | 'convolution';

/** Options of `hint`. */
export interface HintOptions<Regressor extends HintRegressor = HintRegressor> {
  /**
   * `'mean'`, the default: the mean squared error over features and samples, as the public codes have it. `'halfSum'`: the
   * paper's ½‖·‖², summed over the samples too (a `normalizer` divides it).
   */
  readonly reduction?: 'mean' | 'halfSum';
  /** `'linear'`: along the last axis. `'convolution'`: 1×1, the same linear map at each position. Default `'none'`. */
  readonly regressor?: Regressor;
  /** Where the channels of a convolution are: `[batch, ..., channels]`, the default, or `[batch, channels, ...]`. */
  readonly layout?: FeatureLayout;
  /** What the sum over samples is divided by, in place of Σ w: for gradient accumulation over several batches. */
  readonly normalizer?: number;
}

/** Options of `hint`, checked and complete. */
export interface CheckedHintOptions {
  readonly reduction: 'mean' | 'halfSum';
  readonly regressor: HintRegressor;
  readonly layout: FeatureLayout;
  readonly normalizer: number | undefined;
}

/** The inputs of `hint`: a regressor adds its parameters. */
export type HintInput<Regressor extends HintRegressor> =
  | 'studentFeatures'
  | 'teacherFeatures'
  | (Regressor extends 'none' ? never : 'regressorWeight' | 'regressorBias');

/** The inputs of `hint` that get a gradient: all but the teacher's features. */
export type HintDifferentiable<Regressor extends HintRegressor> = Exclude<HintInput<Regressor>, 'teacherFeatures'>;

/**
 * Hint loss of FitNets: the student's features, mapped by a regressor r, imitate the teacher's at some layer.
 *
 * With the differences d = r(studentFeatures) − teacherFeatures over B samples of n features,
 *
 *     mean      Σ d²/(n·B)     gradient in r   2·d/(n·B)
 *     halfSum   ½·Σ d²         gradient in r   d
 *
 * and r(x) = x, or x·regressorWeight + regressorBias.
 *
 * Inputs: `studentFeatures` and `teacherFeatures` [batch, ...], of one shape but for the width that a regressor maps;
 * with a regressor `regressorWeight` [student width, teacher width] and `regressorBias` [teacher width], which
 * `initializeHintRegressor` makes; optional `rowWeights` [batch]; a sample of weight 0 does not count, whatever it holds.
 * Value: a scalar ≥ 0. All inputs but `teacherFeatures` and `rowWeights` get a gradient.
 *
 * @throws RangeError for an unknown option, or `layout: 'channelsFirst'` without a convolution.
 * @example
 * const loss = hint({ regressor: 'linear' });
 * const regressor = initializeHintRegressor({ studentFeatures: 2, teacherFeatures: 3, seed: 1 });
 * const { gradients } = valueAndGradients(loss, {
 *   studentFeatures: [[1, 2]],
 *   teacherFeatures: [[1, 0, 1]],
 *   ...regressor,
 * });
 * @see Romero et al.: FitNets: hints for thin deep nets (2015), arXiv 1412.6550
 */
// @__NO_SIDE_EFFECTS__
export function hint<const Regressor extends HintRegressor = 'none'>(
  options: HintOptions<Regressor> = {},
): Loss<HintInput<Regressor>, HintDifferentiable<Regressor>, 'rowWeights'> {
  const checked = readOptions('hint', options, {
    reduction: word(['mean', 'halfSum'], 'mean'),
    regressor: word<HintRegressor>(['none', 'linear', 'convolution'], 'none'),
    layout: word<FeatureLayout>(['channelsLast', 'channelsFirst'], 'channelsLast'),
    normalizer: optional(positive()),
  });
  const { reduction, regressor, layout } = checked;
  if (layout === 'channelsFirst' && regressor !== 'convolution') {
    throw rangeError('hint', 'regressor', "'convolution' where layout is 'channelsFirst'", regressor);
  }
  const mapped = regressor !== 'none';

  const loss: Loss<string, string, string> = {
    name: 'hint',
    reference: hint,
    options: checked,
    inputs: ['studentFeatures', 'teacherFeatures', ...(mapped ? ['regressorWeight', 'regressorBias'] : [])],
    optionalInputs: ['rowWeights'],
    differentiable: ['studentFeatures', ...(mapped ? ['regressorWeight', 'regressorBias'] : [])],
    form: 'scalar',
    takesNormalizer: true,

    check(backend, inputs) {
      checkShapes(backend, regressor, layout, inputs);
    },

    forward<T>(backend: Backend<T>, inputs: Inputs<string, string, T>, context?: LossContext) {
      const { teacherFeatures, regressorWeight, regressorBias, rowWeights } = inputs as Record<string, T>;
      let studentFeatures = inputs.studentFeatures as T;
      if (mapped && rowWeights !== undefined) {
        // A sample that does not count enters the regressor's gradient as 0·x, which must be 0 for every x.
        const column = backend.reshape(rowWeights, columnShape(backend.shapeOf(studentFeatures)));
        studentFeatures = backend.where(column, studentFeatures, backend.scalar(0));
      }
      const prediction = mapped
        ? affine(backend, studentFeatures, regressorWeight as T, regressorBias as T, layout)
        : studentFeatures;
      const difference = asRows(backend, backend.subtract(prediction, teacherFeatures as T));
      const squares = backend.sum(backend.multiply(difference, difference), { axis: -1 });
      const rowLosses = scale(backend, squares, factorOf(reduction, backend.shapeOf(difference)));
      const rows = hintRows({ reduction, normalizer: context?.normalizer ?? checked.normalizer });
      const weights = effectiveRowWeights(backend, rows, { rowWeights });
      const { value, rowScale } = reduceRows(backend, rows, rowLosses, weights);
      const parameters = mapped ? { studentFeatures, regressorWeight: regressorWeight as T } : { studentFeatures };
      return { value, residuals: { difference, rowScale, ...parameters } };
    },

    backward<T>(backend: Backend<T>, residuals: Residuals<T>, upstream: T) {
      const { difference, rowScale, studentFeatures, regressorWeight } = residuals as Record<string, T>;
      const slope = 2 * factorOf(reduction, backend.shapeOf(difference as T));
      const rowGradients = scale(backend, difference as T, slope);
      const gradient = scaleRowGradients(backend, rowGradients, rowScale as T, upstream);
      const studentShape = backend.shapeOf(studentFeatures as T);
      if (!mapped) return [backend.reshape(gradient, studentShape)];
      const teacherWidth = backend.shapeOf(regressorWeight as T)[1]!;
      const shaped = backend.reshape(gradient, withWidth(studentShape, layout, teacherWidth));
      return affineGradients(backend, studentFeatures as T, regressorWeight as T, shaped, layout);
    },
  };
  return loss as never;
}

/** How the samples' losses become the value: `'halfSum'` adds them up, unless a normalizer divides their sum. */
export function hintRows({
  reduction,
  normalizer,
}: Pick<CheckedHintOptions, 'reduction' | 'normalizer'>): CheckedRowOptions {
  const isMean = reduction === 'mean' || normalizer !== undefined;
  return { reduction: isMean ? 'mean' : 'sum', ignoreIndex: null, normalizer };
}

function factorOf(reduction: 'mean' | 'halfSum', rowsShape: Shape): number {
  return reduction === 'mean' ? 1 / rowsShape[1]! : 0.5;
}

function asRows<T>(backend: Backend<T>, x: T): T {
  const [batch = 1, ...features] = backend.shapeOf(x);
  return backend.reshape(x, [batch, features.reduce((size, extent) => size * extent, 1)]);
}

function columnShape(shape: Shape): Shape {
  return shape.map((extent, axis) => (axis === 0 ? extent : 1));
}

function withWidth(shape: Shape, layout: FeatureLayout, width: number): Shape {
  const widthAxis = layout === 'channelsFirst' ? 1 : shape.length - 1;
  return shape.map((extent, axis) => (axis === widthAxis ? width : extent));
}

function checkShapes<T>(
  backend: Backend<T>,
  regressor: HintRegressor,
  layout: FeatureLayout,
  inputs: Inputs<string, string, T>,
): void {
  const student = backend.shapeOf(inputs.studentFeatures as T);
  const teacher = backend.shapeOf(inputs.teacherFeatures as T);
  const leastRank = regressor === 'convolution' ? 3 : regressor === 'linear' ? 2 : 1;
  const form =
    regressor !== 'convolution'
      ? '[batch, ..., features]'
      : layout === 'channelsFirst'
        ? '[batch, channels, ...positions]'
        : '[batch, ...positions, channels]';
  if (student.length < leastRank) throw shapeError('hint', 'studentFeatures', `of shape ${form}`, student);
  checkNotEmpty('hint', 'studentFeatures', student);
  checkNotEmpty('hint', 'teacherFeatures', teacher);
  checkRowWeights(backend, 'hint', inputs.rowWeights, student.slice(0, 1));
  if (regressor === 'none') {
    if (teacher.length === student.length && teacher.some((extent, axis) => extent !== student[axis])) {
      throw shapeError(
        'hint',
        'teacherFeatures',
        `of the shape of studentFeatures, ${describeShape(student)}`,
        teacher,
        "A regressor maps another width: hint({ regressor: 'linear' }) or 'convolution'.",
      );
    }
    checkSameShape('hint', 'teacherFeatures', teacher, 'studentFeatures', student);
    return;
  }
  const widthAxis = layout === 'channelsFirst' ? 1 : student.length - 1;
  const teacherWidth = teacher[widthAxis] ?? 0;
  checkSameShape(
    'hint',
    'teacherFeatures',
    teacher,
    'studentFeatures but for the width',
    withWidth(student, layout, teacherWidth),
  );
  const weightShape = [student[widthAxis]!, teacherWidth];
  checkSameShape(
    'hint',
    'regressorWeight',
    backend.shapeOf(inputs.regressorWeight as T),
    '[student width, teacher width]',
    weightShape,
  );
  checkSameShape('hint', 'regressorBias', backend.shapeOf(inputs.regressorBias as T), '[teacher width]', [
    teacherWidth,
  ]);
}
