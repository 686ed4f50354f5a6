/** Every streaming metric of calibration, behaviour and scores: neither the order of rows nor that of merging matters. */
import {
  type AnyMetric,
  accumulate,
  accuracy,
  agreement,
  brierScore,
  calibrationError,
  errorOverlap,
  f1Score,
  groupedAccuracy,
  invariance,
  matthewsCorrelation,
  measure,
  negativeLogLikelihood,
  pearsonCorrelation,
  perplexity,
  predictiveDivergence,
  rightWrongSplit,
  selectRows,
  shapeBias,
  studentsSplit,
} from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import fixture from '../../fixtures/scores.json' with { type: 'json' };
import { expectDeepClose } from '../../support/deepClose.ts';

const { labels, studentLogits, teacherLogits } = fixture;
const rows = labels.length;
const batch = {
  labels,
  logits: studentLogits,
  studentLogits,
  teacherLogits,
  viewLogits: teacherLogits,
  student: studentLogits,
  teacher: teacherLogits,
  groups: labels.map((_, index) => index % 3),
  shapeLabels: labels,
  textureLabels: labels.map((label) => (label + 1) % 4),
  x: studentLogits.map((row) => row[0]! + 100),
  y: teacherLogits.map((row) => row[0]! - 7),
};
const metrics: Readonly<Record<string, unknown>> = {
  accuracy: accuracy({ topK: 2 }),
  agreement: agreement(),
  brierScore: brierScore(),
  calibrationError: calibrationError(),
  'calibrationError, classwise': calibrationError({ over: 'classwise', norm: 'l2', debiased: true }),
  f1Score: f1Score({ average: 'macro' }),
  groupedAccuracy: groupedAccuracy({ groups: 3 }),
  invariance: invariance(),
  matthewsCorrelation: matthewsCorrelation(),
  negativeLogLikelihood: negativeLogLikelihood(),
  pearsonCorrelation: pearsonCorrelation(),
  perplexity: perplexity(),
  predictiveDivergence: predictiveDivergence(),
  rightWrongSplit: rightWrongSplit(),
  shapeBias: shapeBias(),
  studentsSplit: studentsSplit({ students: ['student', 'teacher'] }),
};
const order = fc.shuffledSubarray(
  Array.from({ length: rows }, (_, index) => index),
  { minLength: rows },
);
const cuts = fc.uniqueArray(fc.integer({ min: 1, max: rows - 1 }), { minLength: 1, maxLength: 5 });

function merged(metric: AnyMetric<object>, permutation: readonly number[], at: readonly number[]): object {
  const bounds = [0, ...[...at].sort((a, b) => a - b), rows];
  const parts = bounds.slice(1).map((end, index) => permutation.slice(bounds[index], end));
  const total = accumulate(metric);
  for (const part of parts.reverse()) {
    const worker = accumulate(metric);
    worker.update(selectRows(batch, part));
    total.merge(worker);
  }
  return total.compute();
}

describe('merging parts of permuted rows in another order', () => {
  for (const [name, metric] of Object.entries(metrics)) {
    it(`gives the same result: ${name}`, () => {
      const whole = measure(metric as AnyMetric<object>, batch);
      fc.assert(
        fc.property(order, cuts, (permutation, at) => {
          expectDeepClose(merged(metric as AnyMetric<object>, permutation, at), whole, 1e-12);
        }),
        { numRuns: 8 },
      );
    });
  }

  it('gives the same regions of the same sizes: errorOverlap', () => {
    const metric = errorOverlap({ models: ['teacher', 'student'] }) as unknown as AnyMetric<
      ReturnType<ReturnType<typeof errorOverlap<'teacher' | 'student'>>['finish']>
    >;
    const sizes = ({ regions, pairs, errors, value }: ReturnType<typeof metric.finish>) => ({
      regions: regions.map(({ models, count }) => ({ models, count })),
      pairs,
      errors,
      value,
    });
    const whole = sizes(measure(metric, batch));
    fc.assert(
      fc.property(order, cuts, (permutation, at) => {
        expect(sizes(merged(metric, permutation, at) as ReturnType<typeof metric.finish>)).toEqual(whole);
      }),
      { numRuns: 8 },
    );
  });
});
