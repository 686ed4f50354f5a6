/**
 * From one number a row to the value of a loss: reduction, row weights, ignored labels, divisor. All losses over rows
 * share this contract:
 * - a row counts unless its weight is 0 or its label is `ignoreIndex`; a row that does not count contributes exactly 0 to
 *   value and gradient, whatever it holds;
 * - `'mean'` is Σ w·loss / Σ w over the rows that count (or divided by `normalizer`), `'sum'` is Σ w·loss, `'none'` is
 *   w·loss for each row;
 * - no row left: value 0, gradient 0.
 */
import type { Backend } from '../backend.ts';
import { checkOneOf, checkPositive, checkWhole, rangeError } from '../check.ts';

/** How row losses become the value. */
export type Reduction = 'mean' | 'sum' | 'none';

/** Options that every loss over rows has. */
export interface RowOptions<R extends Reduction = Reduction> {
  /** Default `'mean'`: over the rows that count. */
  readonly reduction?: R;
  /** Rows whose label is this number do not count; they are read from the input `labels`. */
  readonly ignoreIndex?: number;
  /** The divisor of `'mean'` in place of Σ w: for gradient accumulation over several batches. */
  readonly normalizer?: number;
}

/** Row options, checked and complete. */
export interface CheckedRowOptions<R extends Reduction = Reduction> {
  readonly reduction: R;
  readonly ignoreIndex: number | undefined;
  readonly normalizer: number | undefined;
}

/** Checks row options and fills in defaults. */
export function checkRowOptions<R extends Reduction>(where: string, options: RowOptions<R>): CheckedRowOptions<R> {
  const { reduction = 'mean' as R, ignoreIndex, normalizer } = options;
  checkOneOf(where, 'reduction', reduction, ['mean', 'sum', 'none'] as R[]);
  if (ignoreIndex !== undefined) checkWhole(where, 'ignoreIndex', ignoreIndex, -(2 ** 31));
  if (normalizer !== undefined) {
    checkPositive(where, 'normalizer', normalizer);
    if (reduction !== 'mean') throw rangeError(where, 'reduction', "'mean' where normalizer is given", reduction);
  }
  return { reduction, ignoreIndex, normalizer };
}

/** The weight of each row after masking; undefined where every row counts alike. */
export function effectiveRowWeights<T>(
  backend: Backend<T>,
  { ignoreIndex }: CheckedRowOptions,
  { labels, rowWeights }: { readonly labels?: T | undefined; readonly rowWeights?: T | undefined },
): T | undefined {
  if (ignoreIndex === undefined || labels === undefined) return rowWeights;
  const zero = backend.scalar(0);
  const counts = backend.greater(backend.abs(backend.subtract(labels, backend.scalar(ignoreIndex))), zero);
  return rowWeights === undefined ? counts : backend.where(counts, rowWeights, zero);
}

/** The value of a loss, and for each row the factor d value / d row loss. */
export interface ReducedRows<T> {
  readonly value: T;
  /** In the shape of the rows, or a scalar where all rows count alike. */
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
    const rows = backend.shapeOf(rowLosses).reduce((count, extent) => count * extent, 1);
    const rowScale = backend.scalar(reduction === 'sum' ? 1 : 1 / (normalizer ?? rows));
    return { value: backend.multiply(backend.sum(rowLosses), rowScale), rowScale };
  }
  const weighted = maskedProduct(backend, weights, rowLosses);
  if (reduction === 'none') return { value: weighted, rowScale: weights };
  const total = backend.sum(weighted);
  if (reduction === 'sum') return { value: total, rowScale: weights };
  const weightSum = backend.sum(weights);
  const divisor =
    normalizer === undefined ? backend.where(weightSum, weightSum, backend.scalar(1)) : backend.scalar(normalizer);
  return { value: backend.divide(total, divisor), rowScale: backend.divide(weights, divisor) };
}

/** Gradients of row losses, [..., n], brought to the gradient of the reduced value. */
export function scaleRowGradients<T>(backend: Backend<T>, rowGradients: T, rowScale: T, upstream: T): T {
  const factor = backend.multiply(upstream, rowScale);
  const shape = backend.shapeOf(factor);
  if (backend.shapeOf(rowScale).length === 0) {
    const column = shape.length === 0 ? factor : backend.reshape(factor, [...shape, 1]);
    return backend.multiply(rowGradients, column);
  }
  return maskedProduct(backend, backend.reshape(factor, [...shape, 1]), rowGradients);
}

/** weights·values, exactly 0 where the weight is 0. */
function maskedProduct<T>(backend: Backend<T>, weights: T, values: T): T {
  return backend.where(weights, backend.multiply(weights, values), backend.scalar(0));
}
