/** Two models on the same rows, before and after a change: where their predictions come from, and the table of right and wrong. */
import type { Backend } from '../../backend.ts';
import { countOf, type HostStatistics, type StateForm } from '../../metricState.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import { type OptionReader, word } from '../../options.ts';
import type { RowInput } from '../../rowMetric.ts';
import { checkDecided, type Decision, decidedClass } from '../decisionThreshold.ts';
import { inputsOfKind, type PredictionSource, type SideInput, sideInput, sourceInputs } from '../predictionSource.ts';

/**
 * Names of the inputs of both sides: `before` and `after` of predictions, and else `beforeLogits` …
 */
export type BeforeAfterInput<From extends PredictionSource> = From extends 'predictions'
  ? 'before' | 'after'
  : SideInput<'before' | 'after', From>;

/** Options of metrics of two models on the same rows. */
export interface BeforeAfterOptions<From extends PredictionSource = PredictionSource> {
  /**
   * What the inputs hold: `'predictions'`, class numbers, as `before` and `after` (default); `'logits'` as `beforeLogits` and
   * `afterLogits`; `'probabilities'` as `beforeProbabilities` and `afterProbabilities`.
   */
  readonly from?: From;
}

/** The reader of `from`. */
export function beforeAfterSource<From extends PredictionSource>(): OptionReader<From> {
  const sources = word<PredictionSource>(['logits', 'probabilities', 'predictions'], 'predictions');
  return sources as OptionReader<From>;
}

/** The names of both inputs. */
export function beforeAfterNames<From extends PredictionSource>(from: From): readonly [before: string, after: string] {
  return from === 'predictions' ? ['before', 'after'] : [sideInput('before', from), sideInput('after', from)];
}

/**
 * Both inputs and the labels, for the frame of metrics over rows. Where only the largest probability counts, probabilities
 * rank as logits do; a metric that reports them asks for rows that sum to 1.
 */
export function beforeAfterInputs(
  from: PredictionSource,
  probabilities: 'scores' | 'probabilities' = 'scores',
): Readonly<Record<string, RowInput>> {
  const inputs = sourceInputs(from, beforeAfterNames(from), ['labels']);
  return from === 'probabilities' ? { ...inputs, ...inputsOfKind(probabilities, beforeAfterNames(from)) } : inputs;
}

/** The predicted classes of both sides and the labels, [rows] each. */
export function beforeAfterColumns<T>(
  backend: Backend<T>,
  decision: Decision,
  batch: Readonly<Record<string, T | undefined>>,
): Readonly<Record<'before' | 'after' | 'labels', T>> {
  const [before, after] = beforeAfterNames(decision.from);
  return {
    before: decidedClass(backend, batch[before]!, decision),
    after: decidedClass(backend, batch[after]!, decision),
    labels: batch.labels!,
  };
}

/** Refuses a threshold of other than two classes, on either side. */
export function checkBothDecided<T>(
  backend: Backend<T>,
  where: string,
  decision: Decision,
  batch: Readonly<Record<string, T | undefined>>,
): void {
  for (const name of beforeAfterNames(decision.from)) checkDecided(backend, where, batch[name]!, decision, name);
}

/** The probability of each row's label after less that before, [rows], from logits or probabilities. */
export function answerProbabilityChange<T>(
  backend: Backend<T>,
  from: PredictionSource,
  batch: Readonly<Record<string, T | undefined>>,
): T {
  const [before, after] = beforeAfterNames(from).map((name) => {
    const labelled = backend.oneHot(batch.labels!, backend.shapeOf(batch[name]!)[1]!);
    const probabilities = from === 'logits' ? backend.exp(logSoftmax(backend, batch[name]!)) : batch[name]!;
    return backend.sum(backend.multiply(labelled, probabilities), { axis: -1 });
  });
  return backend.subtract(after!, before!);
}

/** Rows by whether they are right before and after. */
export interface FlipTable {
  readonly bothRight: number;
  /** Right before, wrong after. */
  readonly harmful: number;
  /** Wrong before, right after. */
  readonly beneficial: number;
  readonly bothWrong: number;
  /** Of those wrong before and after, the ones with another answer. */
  readonly bothWrongDifferently: number;
}

const cells = ['bothRight', 'harmful', 'beneficial', 'bothWrong', 'bothWrongDifferently'] as const;

/** The form of a table in a state. */
export const flipState: StateForm<keyof FlipTable> = {
  bothRight: /* @__PURE__ */ countOf(),
  harmful: /* @__PURE__ */ countOf(),
  beneficial: /* @__PURE__ */ countOf(),
  bothWrong: /* @__PURE__ */ countOf(),
  bothWrongDifferently: /* @__PURE__ */ countOf([], 'bothWrong'),
};

/** The table of rows as statistics. */
export function flipStatistics(
  { before, after, labels }: Readonly<Record<'before' | 'after' | 'labels', Float64Array>>,
  weights: Float64Array | undefined,
): HostStatistics<keyof FlipTable> {
  const sums = { bothRight: 0, harmful: 0, beneficial: 0, bothWrong: 0, bothWrongDifferently: 0 };
  for (let row = 0; row < labels.length; row++) {
    const weight = weights === undefined ? 1 : weights[row]!;
    const label = labels[row]!;
    if (before[row] === label) {
      if (after[row] === label) sums.bothRight += weight;
      else sums.harmful += weight;
    } else if (after[row] === label) sums.beneficial += weight;
    else {
      sums.bothWrong += weight;
      if (before[row] !== after[row]) sums.bothWrongDifferently += weight;
    }
  }
  return Object.fromEntries(
    cells.map((cell) => [cell, { data: Float64Array.of(sums[cell]), shape: [] }]),
  ) as unknown as HostStatistics<keyof FlipTable>;
}

/** The table from its statistics. */
export function flipTableFrom(statistics: HostStatistics<keyof FlipTable>): FlipTable {
  return Object.fromEntries(cells.map((cell) => [cell, statistics[cell].data[0]!])) as unknown as FlipTable;
}

/** Rows of a table. */
export function rowsOfTable({ bothRight, harmful, beneficial, bothWrong }: FlipTable): number {
  return bothRight + harmful + beneficial + bothWrong;
}

/** The change of accuracy, paired: (c − b)/n, and its standard error √(b + c − (b − c)²/n)/n. */
export function pairedChange(b: number, c: number, n: number): { readonly change: number; readonly error: number } {
  return { change: (c - b) / n, error: Math.sqrt(Math.max(0, b + c - (b - c) * ((b - c) / n))) / n };
}
