/** Hits, predictions and labels by class: what F1 and Matthews are made of. */
import type { Backend } from '../../backend.ts';
import type { HostStatistics } from '../../metricState.ts';
import { countOf, type StateForm } from '../../metricState.ts';
import { sameIndex } from '../../ops/sameIndex.ts';
import type { Rows } from '../../rowMetric.ts';
import { type Decision, decidedClass } from '../decisionThreshold.ts';
import { addByClass, classExtent, numberOfClasses } from '../predictionSource.ts';

/** Names of the statistics, [classes] each. */
export type ClassCount = 'hit' | 'predicted' | 'actual';

/** How counts by class are made and kept: what a metric spreads into its own description. */
export interface ClassCounting {
  readonly state: StateForm<ClassCount>;
  readonly merge?: typeof addByClass<ClassCount>;
  /** Counts by class on the device, of scores [rows, classes] or class numbers [rows]. */
  count<T>(backend: Backend<T>, given: T, labels: T, rows: Rows<T>): Readonly<Record<ClassCount, T>>;
}

/** The counting for predictions of some source; the name is the metric's, for errors. */
export function classCounting(where: string, decision: Decision, classes: number | undefined): ClassCounting {
  const { from } = decision;
  const extent = classExtent(from, classes);
  const state: StateForm<ClassCount> = { hit: countOf(extent), predicted: countOf(extent), actual: countOf(extent) };
  return {
    state,
    ...(from === 'predictions' && classes === undefined && { merge: addByClass<ClassCount> }),
    count(backend, given, labels, rows) {
      const number = numberOfClasses(backend, where, classes, given, [labels]);
      const prediction = decidedClass(backend, given, decision);
      const actual = backend.oneHot(labels, number);
      const hit = backend.reshape(sameIndex(backend, prediction, labels), [rows.size, 1]);
      return {
        hit: rows.sum(backend.multiply(actual, hit)),
        predicted: rows.sum(backend.oneHot(prediction, number)),
        actual: rows.sum(actual),
      };
    },
  };
}

/** Σ over the classes. */
export function totalOf(statistics: HostStatistics<ClassCount>, name: ClassCount): number {
  return statistics[name].data.reduce((sum, value) => sum + value, 0);
}
