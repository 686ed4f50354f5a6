/** Means, centred products and standard errors of some numbers a row, merged by Chan's rule. */
import { scalarStatistic } from '../../columnMetric.ts';
import { countOf, type HostStatistics, numberOf, type StateForm } from '../../metricState.ts';
import { correlationOf, isConstantButForRounding } from '../../ops/pairMoments.ts';

/** Statistics of moments. */
export type MomentStatistic = 'count' | 'mean' | 'products' | 'infinite';

/** The form of these statistics for so many numbers a row. */
export function momentsState(width: number): StateForm<MomentStatistic> {
  return {
    count: countOf(),
    mean: numberOf([width]),
    products: numberOf([width, width]),
    infinite: countOf([width], 'count'),
  };
}

/** Columns of equal length without their infinities: each enters as 0 and is counted, so that the others stay known. */
export interface FiniteColumns {
  readonly columns: readonly Float64Array[];
  /** The weight of the infinities in each column. */
  readonly infinite: Float64Array;
}

/** Takes infinities out. NaN stays NaN, and is refused by the frame. */
export function finiteColumns(columns: readonly Float64Array[], weights: Float64Array | undefined): FiniteColumns {
  const infinite = new Float64Array(columns.length);
  const finite = columns.map((column, at) => {
    if (!column.some((value) => Math.abs(value) === Infinity)) return column;
    return column.map((value, row) => {
      if (Math.abs(value) !== Infinity) return value;
      infinite[at]! += weights?.[row] ?? 1;
      return 0;
    });
  });
  return { columns: finite, infinite };
}

/** Statistics of columns, over so many rows. */
export function momentsOf(
  { columns, infinite }: FiniteColumns,
  weights: Float64Array | undefined,
  rows: number,
): HostStatistics<MomentStatistic> {
  const width = columns.length;
  const count = weights?.reduce((sum, weight) => sum + weight, 0) ?? rows;
  const mean = Float64Array.from(columns, (column) => (count === 0 ? 0 : weightedSum(column, weights) / count));
  const centred = columns.map((column, at) => column.map((value) => value - mean[at]!));
  const products = new Float64Array(width * width);
  centred.forEach((first, i) => {
    for (let j = 0; j <= i; j++) {
      const second = centred[j]!;
      const sum = weightedSum(
        first.map((value, row) => value * second[row]!),
        weights,
      );
      products[i * width + j] = sum;
      products[j * width + i] = sum;
    }
  });
  return {
    count: scalarStatistic(count),
    mean: { data: mean, shape: [width] },
    products: { data: products, shape: [width, width] },
    infinite: { data: infinite, shape: [width] },
  };
}

function weightedSum(column: Float64Array, weights: Float64Array | undefined): number {
  let sum = 0;
  for (let row = 0; row < column.length; row++)
    sum += weights === undefined ? column[row]! : weights[row]! * column[row]!;
  return sum;
}

/** Chan's rule. */
export function mergeMoments(
  first: HostStatistics<MomentStatistic>,
  second: HostStatistics<MomentStatistic>,
): HostStatistics<MomentStatistic> {
  const [a, b] = [first.count.data[0]!, second.count.data[0]!];
  const count = a + b;
  const width = first.mean.data.length;
  const share = count === 0 ? 0 : b / count;
  const step = first.mean.data.map((mean, at) => second.mean.data[at]! - mean);
  return {
    count: scalarStatistic(count),
    mean: { data: first.mean.data.map((mean, at) => mean + step[at]! * share), shape: [width] },
    products: {
      data: first.products.data.map(
        (value, at) =>
          value + second.products.data[at]! + a * share * step[Math.floor(at / width)]! * step[at % width]!,
      ),
      shape: [width, width],
    },
    infinite: { data: first.infinite.data.map((value, at) => value + second.infinite.data[at]!), shape: [width] },
  };
}

/** What is reported of the numbers in one column. */
export interface ColumnSummary {
  /** Infinity where one of them is infinite. */
  readonly mean: number;
  /** Of the mean; null where it is not defined: for a single row, and beside infinities. */
  readonly standardError: number | null;
}

/** The mean of a column and its standard error, as of independent rows. */
export function columnFrom(statistics: HostStatistics<MomentStatistic>, at: number): ColumnSummary {
  const count = statistics.count.data[0]!;
  if (statistics.infinite.data[at]! > 0) return { mean: Infinity, standardError: null };
  const square = Math.max(0, statistics.products.data[at * statistics.mean.data.length + at]!);
  return {
    mean: statistics.mean.data[at]!,
    standardError: count > 1 ? Math.sqrt(square / (count - 1) / count) : null,
  };
}

/** Pearson's correlation of two columns; null where one is constant, to rounding, or infinite. */
export function correlationFrom(
  { count, mean, products, infinite }: HostStatistics<MomentStatistic>,
  first: number,
  second: number,
): number | null {
  if (infinite.data[first]! > 0 || infinite.data[second]! > 0) return null;
  const width = mean.data.length;
  const [one, two] = [products.data[first * width + first]!, products.data[second * width + second]!];
  const isConstant = (at: number, squares: number): boolean =>
    isConstantButForRounding(count.data[0]!, mean.data[at]!, squares);
  if (isConstant(first, one) || isConstant(second, two)) return null;
  return correlationOf({ xx: one, xy: products.data[first * width + second]!, yy: two });
}
