/**
 * From one number a row to the value of a loss: reduction, row weights, ignored labels, divisor. All losses over rows
 * share this contract:
 * - a row counts unless its weight is 0 or its label is `ignoreIndex`; a row that does not count contributes exactly 0 to
 *   value and gradient, whatever it holds;
 * - `'mean'` is Σ w·loss / Σ w over the rows that count (or divided by `normalizer`), `'sum'` is Σ w·loss, `'none'` is
 *   w·loss for each row;
 * - no row left: value 0, gradient 0.
 */
import type { Backend, Shape } from '../backend.ts';
import { checkWhole, rangeError } from '../check.ts';
import { type OptionReader, optional, positive, word } from '../options.ts';
import { sizeOf } from '../tensor.ts';
import { isMinusInfinity } from './isMinusInfinity.ts';
import { scale } from './scale.ts';
import { weighted } from './weighted.ts';

/** How row losses become the value. */
export type Reduction = 'mean' | 'sum' | 'none';

/** Options that every loss over rows has. */
export interface RowOptions<R extends Reduction = Reduction> {
  /** Default `'mean'`: over the rows that count. */
  readonly reduction?: R;
  /**
   * Rows whose label is this number do not count, where the input `labels` is given; null: every row counts. The default of
   * losses on logits is −100, so that in one `weightedSum` all of them leave out the same rows.
   */
  readonly ignoreIndex?: number | null;
  /** The divisor of `'mean'` in place of Σ w: for gradient accumulation over several batches. */
  readonly normalizer?: number;
}

/** Row options, checked and complete. */
export interface CheckedRowOptions<R extends Reduction = Reduction> {
  readonly reduction: R;
  readonly ignoreIndex: number | null;
  readonly normalizer: number | undefined;
}

/** The label that losses on logits and cross-entropy alike leave out unless told otherwise. */
export const usualIgnoreIndex = -100;

/** Readers of `reduction` and `normalizer` alone, for losses over rows that have a mask of their own. */
export function reductionOptions<R extends Reduction>(): {
  readonly [Name in 'reduction' | 'normalizer']: OptionReader<CheckedRowOptions<R>[Name]>;
} {
  return {
    reduction: word<Reduction>(['mean', 'sum', 'none'], 'mean') as OptionReader<R>,
    normalizer: optional(positive()),
  };
}

/** Readers of the row options, for `readOptions`; `defaultIgnoreIndex` is null for losses whose rows have no labels. */
export function rowOptions<R extends Reduction>(
  defaultIgnoreIndex: number | null = usualIgnoreIndex,
): { readonly [Name in keyof CheckedRowOptions<R>]: OptionReader<CheckedRowOptions<R>[Name]> } {
  return {
    ...reductionOptions<R>(),
    ignoreIndex(where, name, given) {
      if (given === undefined) return defaultIgnoreIndex;
      if (given !== null) checkWhole(where, name, given as number, -(2 ** 31));
      return given as number | null;
    },
  };
}

/** The row options with the divisor that came with the call, where one did. */
export function withNormalizer<R extends Reduction>(
  where: string,
  rows: CheckedRowOptions<R>,
  normalizer: number | undefined = rows.normalizer,
): CheckedRowOptions<R> {
  if (normalizer !== undefined && rows.reduction !== 'mean') {
    throw rangeError(where, 'reduction', "'mean' where normalizer is given", rows.reduction);
  }
  return normalizer === rows.normalizer ? rows : { ...rows, normalizer };
}

/**
 * The weight of each row after masking; undefined where every row counts alike. A weight below 0, which cannot be refused
 * on a device whose values are not read, becomes NaN there.
 */
export function effectiveRowWeights<T>(
  backend: Backend<T>,
  { ignoreIndex }: Pick<CheckedRowOptions, 'ignoreIndex'>,
  { labels, rowWeights }: { readonly labels?: T | undefined; readonly rowWeights?: T | undefined },
): T | undefined {
  const zero = backend.scalar(0);
  const weights =
    rowWeights === undefined || backend.readSync
      ? rowWeights
      : backend.where(backend.greater(zero, rowWeights), backend.scalar(Number.NaN), rowWeights);
  if (ignoreIndex === null || labels === undefined) return weights;
  // A choice, not a comparison: a label that is NaN is none that is left out, and has to show.
  const counts = backend.where(backend.subtract(labels, backend.scalar(ignoreIndex)), backend.scalar(1), zero);
  return weights === undefined ? counts : backend.where(counts, weights, zero);
}

/** The value of a loss, and for each row the factor d value / d row loss. */
export interface ReducedRows<T> {
  readonly value: T;
  /** In the shape of the rows ([1] for a single row of rank 1), or a scalar where all rows count alike. */
  readonly rowScale: T;
}

/** Reduces row losses by the contract above. */
export function reduceRows<T>(
  backend: Backend<T>,
  { reduction, normalizer }: CheckedRowOptions,
  rowLosses: T,
  weights: T | undefined,
): ReducedRows<T> {
  if (weights === undefined) {
    if (reduction === 'none') return { value: rowLosses, rowScale: backend.scalar(1) };
    // Without a row the sum is 0, and any divisor gives 0.
    const rows = Math.max(1, sizeOf(backend.shapeOf(rowLosses)));
    const rowScale = backend.scalar(reduction === 'sum' ? 1 : 1 / (normalizer ?? rows));
    return { value: backend.multiply(backend.sum(rowLosses), rowScale), rowScale };
  }
  const losses = weighted(backend, weights, rowLosses);
  // A scalar would say that no row is masked.
  const rowWeights = backend.shapeOf(weights).length === 0 ? backend.reshape(weights, [1]) : weights;
  if (reduction === 'none') return { value: losses, rowScale: rowWeights };
  const total = backend.sum(losses);
  if (reduction === 'sum') return { value: total, rowScale: rowWeights };
  const added = backend.sum(weights);
  // Divided by an infinite sum all would be 0. Where weights can be read they were refused.
  const weightSum = backend.readSync
    ? added
    : backend.where(isMinusInfinity(backend, scale(backend, added, -1)), backend.scalar(Number.NaN), added);
  const divisor =
    normalizer === undefined ? backend.where(weightSum, weightSum, backend.scalar(1)) : backend.scalar(normalizer);
  return { value: backend.divide(total, divisor), rowScale: backend.divide(rowWeights, divisor) };
}

/**
 * Gradients of row losses brought to the gradient of the reduced value.
 *
 * @param rowGradients [...rows, ...]: as many axes after the rows as a row has, none where each element is a row.
 * @param column The shape in which one number a row lies beside the gradients, where the rows are not the leading axes.
 */
export function scaleRowGradients<T>(
  backend: Backend<T>,
  rowGradients: T,
  rowScale: T,
  upstream: T,
  column?: Shape,
): T {
  const factor = backend.multiply(upstream, rowScale);
  const uniform = backend.shapeOf(rowScale).length === 0;
  const rows = backend.shapeOf(factor);
  const aside = column ?? backend.shapeOf(rowGradients).map((_, axis) => rows[axis] ?? 1);
  const beside = rows.length === 0 ? factor : backend.reshape(factor, aside);
  return uniform ? backend.multiply(rowGradients, beside) : weighted(backend, beside, rowGradients);
}
