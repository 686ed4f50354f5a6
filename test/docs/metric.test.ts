import { type AnyMetric, measure } from 'dark-knowledge';
import { describe, expect, it, vi } from 'vitest';
import { runGuide } from '../support/guide.ts';
import { describeMetric } from '../support/metricSuite.ts';

const said: unknown[] = [];
const log = vi.spyOn(console, 'log').mockImplementation((...values) => said.push(...values));
const { entropyShift } = (await runGuide('docs/metric.md')) as { readonly entropyShift: () => unknown };
log.mockRestore();

describe('the guide to writing a metric', () => {
  it('gets the numbers that it shows', () => {
    const [first, count, onDevice, difference, deviation, ...rest] = said;
    expect([first, count, onDevice]).toEqual(['a stream of batches is the batch', 12, true]);
    expect(difference).toBeCloseTo(0, 12);
    expect(deviation).toBeNull();
    expect(rest).toEqual([]);
    const bad = { studentLogits: [[Number.NaN, 0]], teacherLogits: [[0, 0]] };
    expect(() => measure(entropyShift() as AnyMetric, bad)).toThrow(
      "entropyShift: studentLogits and teacherLogits must be free of NaN, got '1 rows with NaN'.",
    );
  });
});

// What the guide writes passes the suite of the library's own metrics.
describeMetric('the metric of the guide', [
  {
    title: 'uniform against certain',
    metric: entropyShift(),
    batch: {
      studentLogits: [
        [7, 7, 7],
        [1, 1, -Infinity],
      ],
      teacherLogits: [
        [0, -Infinity, -Infinity],
        [0, 0, 0],
      ],
    },
    expected: { value: Math.log(2) / 2, count: 2, standardDeviation: (2 * Math.log(3) - Math.log(2)) / Math.SQRT2 },
  },
]);
