/** Where the predicted classes of a row come from: scores, of which the first largest is the prediction, or class numbers. */
import type { Backend } from '../backend.ts';
import { kindError } from '../check.ts';
import type { HostStatistics, StatisticForm } from '../metricState.ts';
import { type OptionReader, optional, whole, word } from '../options.ts';
import type { RowInput } from '../rowMetric.ts';

/** What a model's input holds: `'logits'`, `'probabilities'` [..., classes], or `'predictions'` [...], class numbers. */
export type PredictionSource = 'logits' | 'probabilities' | 'predictions';

/** Options of metrics that take predictions as well as scores. */
export interface PredictionOptions<From extends PredictionSource = PredictionSource> {
  /** What the inputs hold, by whose name they go: `'logits'` (default), `'probabilities'` or `'predictions'`. */
  readonly from?: From;
  /**
   * The number of classes of predictions, where the result goes by class and a device's values are not read: elsewhere the
   * largest number is found.
   */
  readonly classes?: number;
}

/** Readers of these options. */
export function predictionOptions<From extends PredictionSource>(): {
  readonly from: OptionReader<From>;
  readonly classes: OptionReader<number | undefined>;
} {
  const sources = word<PredictionSource>(['logits', 'probabilities', 'predictions'], 'logits');
  return { from: sources as OptionReader<From>, classes: optional(whole(1)) };
}

/** The name of one side's input: `'studentLogits'` of side `'student'` from `'logits'`. */
export type SideInput<Side extends string, From extends PredictionSource> = `${Side}${Capitalize<From>}`;

/** The name of one side's input. */
export function sideInput<Side extends string, From extends PredictionSource>(
  side: Side,
  from: From,
): SideInput<Side, From> {
  return `${side}${from[0]!.toUpperCase()}${from.slice(1)}` as SideInput<Side, From>;
}

/** Inputs of one kind, for the frame of metrics over rows. */
export function inputsOfKind<Name extends string>(
  kind: RowInput,
  names: readonly Name[],
): Readonly<Record<Name, RowInput>> {
  const kinds: Partial<Record<Name, RowInput>> = {};
  for (const name of names) kinds[name] = kind;
  return kinds as Record<Name, RowInput>;
}

/** The same for inputs of predictions and for labels; probabilities rank as logits do. */
export function sourceInputs<Name extends string, Label extends string = never>(
  from: PredictionSource,
  names: readonly Name[],
  labels: readonly Label[] = [],
): Readonly<Record<Name | Label, RowInput>> {
  return { ...inputsOfKind(from === 'predictions' ? 'labels' : 'scores', names), ...inputsOfKind('labels', labels) };
}

/** Predicted classes [rows] from scores [rows, classes] or from themselves. */
export function predictedClass<T>(backend: Backend<T>, given: T): T {
  return backend.shapeOf(given).length > 1 ? backend.argMax(given) : given;
}

/** The number of classes: that of the scores, the option's, or what the class numbers show. */
export function numberOfClasses<T>(
  backend: Backend<T>,
  where: string,
  classes: number | undefined,
  predictions: T,
  others: readonly T[],
): number {
  const shape = backend.shapeOf(predictions);
  if (shape.length > 1) return shape[1]!;
  if (classes !== undefined) return classes;
  if (!backend.readSync) {
    throw kindError(where, 'classes', 'given where predictions cannot be read without waiting', classes);
  }
  let largest = 0;
  for (const numbers of [predictions, ...others]) {
    for (const number of backend.readSync(numbers).data) if (number > largest) largest = number;
  }
  return largest + 1;
}

/** The extent of what goes by class in a state: the same for all batches, unless it is found batch by batch. */
export function classExtent(from: PredictionSource, classes: number | undefined): StatisticForm['shape'] {
  return [from === 'predictions' && classes === undefined ? null : 'classes'];
}

/** The sum of statistics by class of which one part may have seen fewer classes. */
export function addByClass<Statistic extends string>(
  first: HostStatistics<Statistic>,
  second: HostStatistics<Statistic>,
): HostStatistics<Statistic> {
  const summed: Record<string, { data: Float64Array; shape: readonly number[] }> = {};
  for (const name of Object.keys(first) as Statistic[]) {
    const [one, two] = [first[name], second[name]];
    const data = new Float64Array(Math.max(one.data.length, two.data.length));
    for (let index = 0; index < data.length; index++) data[index] = (one.data[index] ?? 0) + (two.data[index] ?? 0);
    summed[name] = { data, shape: one.shape.length === 0 ? [] : [data.length] };
  }
  return summed as HostStatistics<Statistic>;
}
