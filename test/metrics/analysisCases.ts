/** The references of the catalogue's analyses as cases of the metric suite. */
import { readFileSync } from 'node:fs';
import type { NestedArray } from 'dark-knowledge';
import type { MetricCase } from '../support/metricSuite.ts';

interface AnalysisCase {
  readonly options: object;
  readonly inputs: Readonly<Record<string, NestedArray>>;
  readonly result: object;
}

/** The references of one metric; their numbers have thirteen digits. */
export function analysisCases(name: string, make: (options: never) => unknown): readonly MetricCase[] {
  const file = new URL(`../fixtures/catalogue/${name}.json`, import.meta.url);
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { readonly cases: readonly AnalysisCase[] };
  return cases.map(({ options, inputs, result }) => ({
    title: `NumPy ${JSON.stringify(options)}`,
    metric: make(options as never),
    batch: inputs,
    expected: result,
    tolerance: 1e-12,
  }));
}
