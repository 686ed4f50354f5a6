/**
 * Metrics over rows that need some numbers of each row on the host: quantiles, tables by class or group, errors by cluster.
 * The device computes the columns; the host makes statistics of fixed size of them, in float64, whatever the device counts in.
 */
import type { Backend } from './backend.ts';
import type { Inputs } from './inputs.ts';
import type { Metric } from './metric.ts';
import type { HostStatistics } from './metricState.ts';
import { type RowMetricFrame, type Rows, rowMetric } from './rowMetric.ts';
import { weightsColumn } from './rowSummands.ts';

/** Columns on the host, of rows that count; those that a batch may leave out are undefined. */
export type Columns<Column extends string> = Readonly<Record<Column, Float64Array>> &
  Readonly<Record<string, Float64Array | undefined>>;

/** What a metric of columns states for itself. */
export interface ColumnMetric<
  Input extends string,
  Optional extends string,
  Column extends string,
  Statistic extends string,
  Result,
> extends RowMetricFrame<Input, Optional, Statistic, Result> {
  /**
   * One number a row, [rows], by the column's name, several, [rows, n], or one for all, []: of inputs that are [rows, classes]
   * or [rows].
   */
  columns<T>(
    backend: Backend<T>,
    batch: Inputs<Input, Optional, T>,
    rows: Rows<T>,
  ): Readonly<Record<Column, T>> & Readonly<Record<string, T>>;
  /** Statistics of fixed size of the rows that count; `weights` is undefined where all count alike. */
  condense(columns: Columns<Column>, weights: Float64Array | undefined): HostStatistics<Statistic>;
}

/** The metric, by the frame of metrics over rows. */
export function columnMetric<
  Input extends string,
  Column extends string,
  Statistic extends string,
  Result,
  Optional extends string = never,
>({
  columns,
  condense,
  ...own
}: ColumnMetric<Input, Optional, Column, Statistic, Result>): Metric<
  Input,
  string,
  Result,
  Optional | Exclude<'labels' | 'rowWeights', Input>
> {
  return rowMetric<Input, string, Result, Optional>({
    ...own,
    statistics(backend, batch, rows) {
      const found = columns(backend, batch, rows);
      return rows.weights === undefined ? found : { ...found, [weightsColumn]: rows.weights };
    },
    condense({ [weightsColumn]: weights, ...read }) {
      const kept = weights?.data.some((weight) => weight === 0) ? keptRows(weights.data) : undefined;
      const take = (data: Float64Array, width = 1) => (kept === undefined ? data : chosenRows(data, width, kept));
      // What has no rows, such as the number of classes, goes through as it is.
      const taken = Object.fromEntries(
        Object.entries(read).map(([name, { data, shape }]) => [name, shape.length === 0 ? data : take(data, shape[1])]),
      );
      return condense(taken as Columns<Column>, weights && take(weights.data));
    },
  });
}

function keptRows(weights: Float64Array): Int32Array {
  const rows: number[] = [];
  weights.forEach((weight, row) => {
    if (weight !== 0) rows.push(row);
  });
  return Int32Array.from(rows);
}

function chosenRows(data: Float64Array, width: number, rows: Int32Array): Float64Array {
  const chosen = new Float64Array(rows.length * width);
  rows.forEach((row, at) => {
    chosen.set(data.subarray(row * width, (row + 1) * width), at * width);
  });
  return chosen;
}

/** A number as a statistic. */
export function scalarStatistic(value: number): { readonly data: Float64Array; readonly shape: readonly number[] } {
  return { data: Float64Array.of(value), shape: [] };
}
