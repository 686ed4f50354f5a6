import { checkNotEmpty, checkSameShape, rangeError } from '../../check.ts';
import { type TensorLike, toHostTensor } from '../../tensor.ts';

/** What `spearmanCorrelation` returns. */
export interface SpearmanCorrelationResult {
  /** In [−1, 1]; 0 where the status is not `'ok'`. */
  readonly value: number;
  /** `'constant'` where all of x, or all of y, are equal: the correlation is not defined. */
  readonly status: 'ok' | 'constant';
  readonly count: number;
}

/**
 * Spearman's rank correlation: Pearson's correlation of the ranks, where equal numbers share the mean of their ranks.
 *
 * Ranks need all rows at once, so it takes host arrays in one go. Twice a centred rank is a whole number, and up to
 * 300 000 rows the sums of their products are below 2⁵³: until the last division nothing is rounded.
 *
 * @param x Numbers; ±Infinity has a rank too.
 * @param y As many numbers.
 * @throws RangeError for NaN; TypeError for different shapes.
 * @example
 * const { value } = spearmanCorrelation([1, 2, 3, 4], [1, 2, 2, 9]); // 0.9486832980505138
 */
export function spearmanCorrelation(x: TensorLike, y: TensorLike): SpearmanCorrelationResult {
  const [first, second] = [toHostTensor(x, 'spearmanCorrelation', 'x'), toHostTensor(y, 'spearmanCorrelation', 'y')];
  checkNotEmpty('spearmanCorrelation', 'x', first.shape);
  checkSameShape('spearmanCorrelation', 'y', second.shape, 'x', first.shape);
  const count = first.data.length;
  const ranksX = doubledCentredRanks(first.data, 'x');
  const ranksY = doubledCentredRanks(second.data, 'y');
  const [squareX, squareY, product] = [dot(ranksX, ranksX), dot(ranksY, ranksY), dot(ranksX, ranksY)];
  if (squareX === 0 || squareY === 0) return { value: 0, status: 'constant', count };
  const value = product / Math.sqrt(squareX * squareY);
  return { value: Math.max(-1, Math.min(1, value)), status: 'ok', count };
}

/** 2·rank − (n + 1), ties sharing their mean rank: whole numbers with sum 0. */
function doubledCentredRanks(values: ArrayLike<number>, argument: string): Float64Array {
  const count = values.length;
  const numbers = Float64Array.from(values);
  if (numbers.some(Number.isNaN)) throw rangeError('spearmanCorrelation', argument, 'free of NaN', Number.NaN);
  const order = Uint32Array.from({ length: count }, (_, index) => index).sort((a, b) => {
    const [left, right] = [numbers[a]!, numbers[b]!];
    return left < right ? -1 : left > right ? 1 : 0;
  });
  const ranks = new Float64Array(count);
  for (let start = 0; start < count; ) {
    let end = start + 1;
    while (end < count && numbers[order[end]!] === numbers[order[start]!]) end++;
    // Ranks start + 1 … end have the mean (start + end + 1)/2.
    for (let position = start; position < end; position++) ranks[order[position]!] = start + end - count;
    start = end;
  }
  return ranks;
}

/** Σ a·b with Neumaier's compensation, which matters above 300 000 rows only. */
function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  let lost = 0;
  for (let index = 0; index < a.length; index++) {
    const term = a[index]! * b[index]!;
    const next = sum + term;
    lost += Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum;
    sum = next;
  }
  return sum + lost;
}
