import type { Backend, Residuals, Shape } from '../../backend.ts';
import { checkNotEmpty, checkSameShape, describeShape, rangeError, shapeError } from '../../check.ts';
import type { Inputs } from '../../inputs.ts';
import type { Loss, LossContext } from '../../loss.ts';
import { affine, affineGradients, type FeatureLayout } from '../../ops/affine.ts';
import { checkRowWeights } from '../../ops/checkRows.ts';
import { type CheckedRowOptions, effectiveRowWeights, reduceRows, scaleRowGradients } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { optional, positive, readOptions, word } from '../../options.ts';
import { sizeOf } from '../../tensor.ts';

/** How the student's features are mapped to the teacher's width. */
export type HintRegressor = 'none' | 'linear' | 'convolution';

/** Options of `hint`. */
export interface HintOptions<Regressor extends HintRegressor = HintRegressor> {
  /**
   * `'mean'`, the default: the mean squared error over features and rows, as the public codes have it. `'halfSum'`: the
   * paper's ½‖·‖², summed over the rows too (a `normalizer` divides it).
   */
  readonly reduction?: 'mean' | 'halfSum';
  /** `'linear'`: along the last axis. `'convolution'`: 1×1, the same linear map at each position. Default `'none'`. */
  readonly regressor?: Regressor;
  /** Where the channels of a convolution are: `[batch, ..., channels]`, the default, or `[batch, channels, ...]`. */
  readonly layout?: FeatureLayout;
  /** What the sum over rows is divided by, in place of Σ w: for gradient accumulation over several batches. */
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
 * With the differences d = r(studentFeatures) − teacherFeatures over R rows of n features,
 *
 *     mean      Σ d²/(n·R)     gradient in r   2·d/(n·R)
 *     halfSum   ½·Σ d²         gradient in r   d
 *
 * and r(x) = x, or x·regressorWeight + regressorBias. A row is a sample with all its features; where `rowWeights` has the
 * axes of the positions too, a row is a position: hidden states [batch, tokens, width] under an attention mask
 * [batch, tokens], or maps under the teacher's scores. With weights w, R is Σ w and d² counts w times.
 *
 * Inputs: `studentFeatures` and `teacherFeatures` [batch, ...], of one shape but for the width that a regressor maps;
 * with a regressor `regressorWeight` [student width, teacher width] and `regressorBias` [teacher width], which
 * `initializeHintRegressor` makes; optional `rowWeights` [batch] or [batch, ...positions]; a row of weight 0 does not count,
 * whatever it holds. Value: a scalar ≥ 0. All inputs but `teacherFeatures` and `rowWeights` get a gradient.
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
        // A row that does not count enters the regressor's gradient as 0·x, which must be 0 for every x.
        const beside = columnShape(backend.shapeOf(rowWeights), backend.shapeOf(studentFeatures), layout);
        const column = backend.reshape(rowWeights, beside);
        studentFeatures = backend.where(column, studentFeatures, backend.scalar(0));
      }
      const prediction = mapped
        ? affine(backend, studentFeatures, regressorWeight as T, regressorBias as T, layout)
        : studentFeatures;
      const difference = backend.subtract(prediction, teacherFeatures as T);
      const rowShape = rowWeights === undefined ? backend.shapeOf(difference).slice(0, 1) : backend.shapeOf(rowWeights);
      const squares = sumOfRows(backend, backend.multiply(difference, difference), rowShape, layout);
      const rowLosses = scale(backend, squares, factorOf(reduction, backend.shapeOf(difference), rowShape));
      const rows = hintRows({ reduction, normalizer: context?.normalizer ?? checked.normalizer });
      const weights = effectiveRowWeights(backend, rows, { rowWeights });
      const { value, rowScale } = reduceRows(backend, rows, rowLosses, weights);
      const parameters = mapped ? { studentFeatures, regressorWeight: regressorWeight as T } : { studentFeatures };
      return { value, residuals: { difference, rowScale, ...parameters } };
    },

    backward<T>(backend: Backend<T>, residuals: Residuals<T>, upstream: T) {
      const { difference, rowScale, studentFeatures, regressorWeight } = residuals as Record<string, T>;
      const shape = backend.shapeOf(difference as T);
      const weighted = backend.shapeOf(rowScale as T);
      const rowShape = weighted.length === 0 ? shape.slice(0, 1) : weighted;
      const rowGradients = scale(backend, difference as T, 2 * factorOf(reduction, shape, rowShape));
      const column = columnShape(rowShape, shape, layout);
      const gradient = scaleRowGradients(backend, rowGradients, rowScale as T, upstream, column);
      if (!mapped) return [gradient];
      return affineGradients(backend, studentFeatures as T, regressorWeight as T, gradient, layout);
    },
  };
  return loss as never;
}

/** How the rows' losses become the value: `'halfSum'` adds them up, unless a normalizer divides their sum. */
export function hintRows({
  reduction,
  normalizer,
}: Pick<CheckedHintOptions, 'reduction' | 'normalizer'>): CheckedRowOptions {
  const isMean = reduction === 'mean' || normalizer !== undefined;
  return { reduction: isMean ? 'mean' : 'sum', ignoreIndex: null, normalizer };
}

/** What a row's Σ d² is multiplied with, for differences of a shape in rows of a shape. */
function factorOf(reduction: 'mean' | 'halfSum', shape: Shape, rowShape: Shape): number {
  return reduction === 'mean' ? sizeOf(rowShape) / sizeOf(shape) : 0.5;
}

/** Sums over what belongs to each row: [batch], or [batch, ...positions] where a row is a position. */
function sumOfRows<T>(backend: Backend<T>, x: T, rowShape: Shape, layout: FeatureLayout): T {
  if (rowShape.length > 1 && layout === 'channelsFirst') return backend.sum(x, { axis: 1 });
  const features = sizeOf(backend.shapeOf(x)) / sizeOf(rowShape);
  return backend.sum(backend.reshape(x, [...rowShape, features]), { axis: -1 });
}

/** The shape in which a number a row lies beside the features. */
function columnShape(rowShape: Shape, shape: Shape, layout: FeatureLayout): Shape {
  const [batch = 1, ...positions] = rowShape;
  if (rowShape.length > 1 && layout === 'channelsFirst') return [batch, 1, ...positions];
  return shape.map((_, axis) => rowShape[axis] ?? 1);
}

/** The shape that row weights must have: of the samples, or where they have more axes of the positions too. */
function rowsAskedFor(weights: Shape, shape: Shape, layout: FeatureLayout): Shape {
  if (weights.length <= 1) return shape.slice(0, 1);
  return layout === 'channelsFirst' ? [...shape.slice(0, 1), ...shape.slice(2)] : shape.slice(0, -1);
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
  if (inputs.rowWeights !== undefined) {
    const rows = rowsAskedFor(backend.shapeOf(inputs.rowWeights), student, layout);
    checkRowWeights(backend, 'hint', inputs.rowWeights, rows);
  }
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
