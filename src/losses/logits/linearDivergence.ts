import type { Backend, Shape } from '../../backend.ts';
import { checkRank, checkSameShape, rangeError, shapeError } from '../../check.ts';
import type { Inputs } from '../../inputs.ts';
import type { Loss } from '../../loss.ts';
import { rangesOf } from '../../ops/linearHead.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { plainTemperature, type Temperatures, temperaturesOption } from '../../ops/softenedPair.ts';
import type { TiledDivergenceName } from '../../ops/tiledDivergence.ts';
import {
  between,
  finite,
  flag,
  type OptionReader,
  optional,
  positive,
  readOptions,
  whole,
  word,
} from '../../options.ts';
import { type FormOf, sharedRowLoss } from '../../rowLoss.ts';
import { type LinearKept, type LinearSettings, linearGradients, linearRows } from './linearTiles.ts';

/** A number for both sides, or one for each. */
export type ForEachSide = number | { readonly student: number; readonly teacher: number };

/** Options of `linearDivergence`. */
export interface LinearDivergenceOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** `'forward'`: KL(teacher‖student), the default; `'reverse'`: KL(student‖teacher); `'jensenShannon'`. */
  readonly divergence?: TiledDivergenceName;
  /** β of `'jensenShannon'`: the teacher's share of the mixture, strictly between 0 and 1. Default 0.5. */
  readonly beta?: number;
  /** T: both sides' logits are divided by it, or each side's by its own. Default 1. */
  readonly temperature?: number | Temperatures;
  /** Multiplies the loss by the square of the student's T, which keeps the gradient's size as T grows. Default true. */
  readonly scaleByTemperatureSquared?: boolean;
  /** Multiplies the products and the bias, before the cap. Default 1. */
  readonly logitScale?: ForEachSide;
  /** The cap c of logits c·tanh(z/c). Default: none. */
  readonly softcap?: ForEachSide;
  /** Rows that are computed together at most. Default 1024. */
  readonly tokenTile?: number;
  /** Classes that are computed together at most. Default: so many that a tile has 2¹⁹ logits. */
  readonly vocabularyTile?: number;
}

/** Required inputs of `linearDivergence`. */
export type LinearInput = 'studentStates' | 'studentWeight' | 'teacherStates' | 'teacherWeight';
/** Inputs of `linearDivergence` that may be left out. */
export type LinearOptionalInput = 'studentBias' | 'teacherBias';

/**
 * Divergence between the predictions of two language models from their last hidden states and output layers, without their
 * logits: these are computed in tiles, twice, and no more than two tiles of them exist at a time.
 *
 * With logits z = scale·(h·wᵀ + b) of either side, or c·tanh(z/c) under a cap, a row's loss is that of `klDivergence` or
 * `jensenShannon`, T² and all; with G its gradient in the student's products,
 *
 *     gradient in studentStates G·w,   in studentWeight Gᵀ·h,   in studentBias Σ G
 *
 * The memory it takes is that of a few tiles, some numbers a row and the gradients. A class whose bias is −Infinity on both
 * sides drops out, a vocabulary's padding say. Value and gradient keep the digits that the logits have where both sides are
 * alike.
 *
 * Inputs: `studentStates` [..., width], `studentWeight` [classes, width], `studentBias` [classes] (optional), and the same of
 * the teacher, whose width may differ; optional `rowWeights` [...] and, with `ignoreIndex`, `labels` [...]. Value: in nats,
 * ≥ 0, 0 for no row. `studentStates`, `studentWeight` and `studentBias` get gradients.
 *
 * @throws RangeError for numbers of classes that differ, or an option out of its range; TypeError for shapes that do not fit.
 * @example
 * const { value, gradients } = valueAndGradients(linearDivergence({ softcap: 30 }), {
 *   studentStates: [[1, 0.5]],
 *   studentWeight: [[1, 0], [0, 1], [1, 1]],
 *   teacherStates: [[0.5]],
 *   teacherWeight: [[1], [2], [0]],
 * });
 */
// @__NO_SIDE_EFFECTS__
export function linearDivergence<R extends Reduction = 'mean'>(
  options: LinearDivergenceOptions<R> = {},
): Loss<
  LinearInput,
  'studentStates' | 'studentWeight' | 'studentBias',
  LinearOptionalInput | 'labels' | 'rowWeights',
  FormOf<R>
> {
  const checked = readOptions('linearDivergence', options, {
    divergence: word<TiledDivergenceName>(['forward', 'reverse', 'jensenShannon'], 'forward'),
    beta: between(0, 1, 0.5),
    temperature: temperaturesOption(),
    scaleByTemperatureSquared: flag(true),
    logitScale: forEachSide(finite(1)),
    softcap: forEachSide(optional(positive())),
    tokenTile: whole(1, 1024),
    vocabularyTile: optional(whole(1)),
    ...rowOptions<R>(),
  });
  const { divergence, beta, temperature, scaleByTemperatureSquared, logitScale, softcap, ...rest } = checked;
  const { tokenTile, vocabularyTile, ...rows } = rest;
  const settings: LinearSettings = {
    divergence,
    beta,
    temperatures: temperature,
    factor: scaleByTemperatureSquared ? temperature.student ** 2 : 1,
    heads: {
      student: { scale: logitScale.student, softcap: softcap.student },
      teacher: { scale: logitScale.teacher, softcap: softcap.teacher },
    },
    tiles: (count, classes) => {
      const tokens = rangesOf(count, tokenTile);
      const height = Math.max(1, Math.min(count, tokenTile));
      return { tokens, classes: rangesOf(classes, vocabularyTile ?? Math.max(64, Math.floor(2 ** 19 / height))) };
    },
  };

  return sharedRowLoss<
    LinearInput,
    'studentStates' | 'studentWeight' | 'studentBias',
    LinearKept,
    R,
    LinearOptionalInput
  >(rows, {
    name: 'linearDivergence',
    reference: linearDivergence,
    options: {
      divergence,
      beta,
      temperature: plainTemperature(temperature),
      scaleByTemperatureSquared,
      logitScale,
      softcap,
      tokenTile,
      vocabularyTile,
    },
    inputs: ['studentStates', 'studentWeight', 'teacherStates', 'teacherWeight'],
    optionalInputs: ['studentBias', 'teacherBias'],
    differentiable: ['studentStates', 'studentWeight', 'studentBias'],
    check: checkHeads,
    rows: (backend, inputs) => linearRows(backend, inputs, settings),
    gradients: (backend, kept, scaled) => linearGradients(backend, kept, scaled, settings),
  });
}

/** Reads an option for both sides, or for each of them. */
function forEachSide<Value>(
  read: OptionReader<Value>,
): OptionReader<{ readonly student: Value; readonly teacher: Value }> {
  return (where, name, given) => {
    if (typeof given !== 'object' || given === null) {
      const both = read(where, name, given);
      return { student: both, teacher: both };
    }
    const { student, teacher, ...unknown } = given as Record<string, unknown>;
    if (Object.keys(unknown).length > 0) throw rangeError(where, name, 'a number or { student, teacher }', given);
    return { student: read(where, `${name}.student`, student), teacher: read(where, `${name}.teacher`, teacher) };
  };
}

/** Requires states and heads that fit; returns the shape of the rows. */
function checkHeads<T>(backend: Backend<T>, inputs: Inputs<LinearInput, LinearOptionalInput, T>): Shape {
  const where = 'linearDivergence';
  const [student, teacher] = (['student', 'teacher'] as const).map((side) => {
    const states = backend.shapeOf(inputs[`${side}States`]);
    const weight = backend.shapeOf(inputs[`${side}Weight`]);
    if (states.length === 0) throw shapeError(where, `${side}States`, 'of shape [..., width]', states);
    checkRank(where, `${side}Weight`, weight, 2, '[classes, width]');
    if (weight[1] !== states.at(-1) || weight[1] === 0) {
      throw shapeError(
        where,
        `${side}Weight`,
        `of shape [classes, ${states.at(-1)}], as ${side}States are wide`,
        weight,
      );
    }
    const bias = inputs[`${side}Bias`];
    if (bias !== undefined) checkSameShape(where, `${side}Bias`, backend.shapeOf(bias), 'the classes', [weight[0]!]);
    return { rows: states.slice(0, -1), classes: weight[0]! };
  });
  if (student!.classes !== teacher!.classes) {
    throw rangeError(where, 'teacherWeight', `of the student's ${student!.classes} classes`, teacher!.classes);
  }
  if (student!.classes < 2) throw rangeError(where, 'studentWeight', 'of at least 2 classes', student!.classes);
  checkSameShape(where, 'rows of teacherStates', teacher!.rows, 'those of studentStates', student!.rows);
  return student!.rows;
}
