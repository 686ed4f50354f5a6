import { readFileSync } from 'node:fs';
import { confidenceDeviation, confidenceDeviationOn, confidenceSlope, measure, tensor } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { studentTCritical } from '../../../src/ops/studentTCritical.ts';
import { openBackend, testBackends } from '../../support/backends.ts';
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';

/** By NumPy and SciPy: see the script of the same name. */
const reference = JSON.parse(
  readFileSync(new URL('../../fixtures/confidenceDeviation.json', import.meta.url), 'utf8'),
) as {
  readonly teacherLogits: number[][];
  readonly studentLogits: number[][];
  readonly teacher: number[];
  readonly student: number[];
  readonly critical: [number, number, number][];
} & Record<'all' | 'all99' | 'bottom25' | 'top10' | 'between', object>;
const { teacherLogits, studentLogits } = reference;
const logits = { teacherLogits, studentLogits };

describeMetric('confidenceSlope', [
  { title: 'all rows, scipy.stats.linregress', metric: confidenceSlope(), batch: logits, expected: reference.all },
  {
    title: 'an interval of 99 percent',
    metric: confidenceSlope({ level: 0.99 }),
    batch: logits,
    expected: reference.all99,
  },
  {
    title: 'rows whose teacher confidence lies in a range',
    metric: confidenceSlope({ range: [0.5, 4] }),
    batch: logits,
    expected: reference.between,
  },
  {
    // φ is the difference of two logits; the student's is 2x + 1 at every row, so the line is exact.
    title: 'two classes on a line',
    metric: confidenceSlope(),
    batch: {
      teacherLogits: [
        [1, 0],
        [0, 2],
        [4, 0],
      ],
      studentLogits: [
        [3, 0],
        [0, 5],
        [9, 0],
      ],
    },
    expected: {
      value: 2,
      status: 'defined',
      intercept: 1,
      correlation: 1,
      count: 3,
      infinite: 0,
      teacherRange: [1, 4],
    },
  },
  {
    title: 'a teacher of one confidence has no slope',
    metric: confidenceSlope(),
    batch: {
      teacherLogits: [
        [0.1, 0],
        [0, 0.1],
        [0.1, 0],
      ],
      studentLogits: [
        [3, 0],
        [0, 5],
        [9, 0],
      ],
    },
    expected: { value: null, status: 'constantTeacher', interval: null, count: 3 },
  },
  {
    title: 'rows with an infinite value are counted apart',
    metric: confidenceSlope(),
    batch: {
      teacherLogits: [
        [1, 0, -Infinity],
        [-Infinity, 2, -Infinity],
        [3, 0, -Infinity],
        [4, -Infinity, 0],
      ],
      studentLogits: [
        [1, 0, -Infinity],
        [0, 2, 0],
        [4, 0, -Infinity],
        [-Infinity, 0, 0],
      ],
    },
    expected: { value: 1.5, status: 'defined', intercept: -0.5, count: 2, infinite: 2, interval: null },
  },
  {
    title: 'a range that no row falls into',
    metric: confidenceSlope({ range: [100, 200] }),
    batch: logits,
    expected: { value: null, status: 'tooFewRows', count: 0, teacherRange: null },
  },
]);

describe('confidenceDeviation', () => {
  it('agrees with scipy.stats.linregress on all rows, the bottom 25 and the top 10 percent', () => {
    expectDeepClose(confidenceDeviation(logits), reference.all, 1e-10);
    expectDeepClose(confidenceDeviation(logits, { bottom: 0.25 }), reference.bottom25, 1e-10);
    expectDeepClose(confidenceDeviation(logits, { top: 0.1 }), reference.top10, 1e-10);
    expectDeepClose(confidenceDeviation(logits, { bottom: 1 }), reference.all, 1e-10);
    expectDeepClose(confidenceDeviation(logits, { level: 0.99 }), reference.all99, 1e-10);
  });

  it('carries the scatter of log-odds on the teacher’s top class, and which points are fitted', () => {
    const { scatter, threshold, count } = confidenceDeviation(logits, { bottom: 0.25 });
    expectDeepClose(scatter.teacher, reference.teacher, 1e-12);
    expectDeepClose(scatter.student, reference.student, 1e-12);
    const fitted = reference.teacher.filter((_, row) => scatter.fitted[row]);
    expect(fitted).toHaveLength(count);
    expect(threshold).toBe(Math.max(...fitted));
    expect(count).toBe(60);
  });

  it('gives the same from tensors of a backend, and leaves none behind', async () => {
    const backend = cpuBackend({ precision: 'float64' });
    const before = backend.tensorCount?.();
    expectDeepClose(
      await confidenceDeviationOn(backend, logits, { top: 0.1 }),
      confidenceDeviation(logits, { top: 0.1 }),
      1e-12,
    );
    expect(backend.tensorCount?.()).toBe(before);
    expectDeepClose(await confidenceDeviationOn(cpuBackend(), logits, { bottom: 0.25 }), reference.bottom25, 1e-5);
  });

  for (const candidate of testBackends) {
    it(`gives the same on ${candidate.name}`, async (context) => {
      const opened = await openBackend(candidate);
      if ('missing' in opened) return context.skip(opened.missing);
      const { backend } = opened;
      const before = backend.tensorCount?.();
      const result = await confidenceDeviationOn(backend, logits, { bottom: 0.25 });
      expectDeepClose(result, reference.bottom25, candidate.tolerance * 10);
      expect(backend.tensorCount?.(), 'tensors left behind').toBe(before);
    });
  }

  it('does not saturate where the probability rounds to 1 or to 0', () => {
    // Two classes: φ is the difference of the logits, though u = 1/(1 + e^−800) is 1 in float64.
    const { scatter, value } = confidenceDeviation({
      teacherLogits: [
        [800, 0],
        [0, 400],
        [1e4, -1e4],
      ],
      studentLogits: [
        [0, 800],
        [0, 1],
        [-1e4, 1e4],
      ],
    });
    expect(Array.from(scatter.teacher)).toEqual([800, 400, 2e4]);
    expect(Array.from(scatter.student)).toEqual([-800, 1, -2e4]);
    expect(value).toBeLessThan(0);
  });

  it('has a status in place of a slope where the teacher is constant or rows are too few', () => {
    const constant = confidenceDeviation({
      teacherLogits: [
        [0.3, 0],
        [0.3, 0],
        [0, 0.3],
      ],
      studentLogits: [
        [1, 0],
        [2, 0],
        [3, 0],
      ],
    });
    expect(constant).toMatchObject({ value: null, status: 'constantTeacher', interval: null, count: 3 });
    const single = confidenceDeviation({ teacherLogits: [[1, 0]], studentLogits: [[1, 0]] });
    expect(single).toMatchObject({ value: null, status: 'tooFewRows', count: 1, infinite: 0 });
    const masked = confidenceDeviation({ teacherLogits: [[1, -Infinity]], studentLogits: [[1, 0]] }, { bottom: 0.5 });
    expect(masked).toMatchObject({ status: 'tooFewRows', count: 0, infinite: 1, threshold: null });
  });

  it.each([Float32Array, Float64Array])('takes values that are equal on paper for equal, in %o', (TypedArray) => {
    // 1 − log(e + 1) and −log(1 + 1/e).
    const logits = (rows: readonly (readonly number[])[]) => tensor(TypedArray.from(rows.flat()), [rows.length, 3]);
    const pair = {
      teacherLogits: logits([
        [1, 1, 0],
        [0, -1, 0],
      ]),
      studentLogits: logits([
        [0, 1, -1],
        [-1, -1, 0],
      ]),
    };
    for (const found of [measure(confidenceSlope(), pair), confidenceDeviation(pair)]) {
      expect([found.status, found.value]).toEqual(['constantTeacher', null]);
    }
  });

  it('fits all rows tied with the threshold', () => {
    const { count, threshold } = confidenceDeviation(
      {
        teacherLogits: [
          [1, 0],
          [0, 1],
          [1, 0],
          [5, 0],
        ],
        studentLogits: [
          [1, 0],
          [0, 2],
          [3, 0],
          [5, 0],
        ],
      },
      { bottom: 0.25 },
    );
    expect(count).toBe(3);
    expect(threshold).toBe(1);
  });

  it('refuses NaN, a row that is no distribution, one class, and misused options', () => {
    const bad = { teacherLogits: [[1, Number.NaN, -Infinity]], studentLogits: [[1, 0, 0]] };
    expect(() => confidenceDeviation(bad)).toThrow(/logits must be free of NaN/);
    expect(() => measure(confidenceSlope(), bad)).toThrow(/Logits must be free of NaN/);
    const empty = { teacherLogits: [[1, 0]], studentLogits: [[-Infinity, -Infinity]] };
    expect(() => confidenceDeviation(empty)).toThrow(RangeError);
    expect(() => measure(confidenceSlope(), empty)).toThrow(RangeError);
    expect(() => confidenceDeviation({ teacherLogits: [[1]], studentLogits: [[1]] })).toThrow(/at least 2 classes/);
    expect(() => measure(confidenceSlope(), { teacherLogits: [[1]], studentLogits: [[1]] })).toThrow(/2 classes/);
    expect(() => confidenceDeviation(logits, { bottom: 0 })).toThrow(/bottom must be in \(0, 1\], got 0/);
    expect(() => confidenceDeviation(logits, { bottom: 0.1, top: 0.1 })).toThrow(/top must be left out/);
    expect(() => confidenceDeviation(logits, { percent: 3 } as object)).toThrow(/option must be one of/);
    expect(() => confidenceSlope({ range: [2, 1] })).toThrow(RangeError);
    expect(() => confidenceSlope({ level: 1 })).toThrow(RangeError);
  });

  it('has no error where all points lie on a line, and none of a student who is constant but for rounding', () => {
    // φ is the difference of two logits. Thirds and tenths are rounded: the residual sum would be 1e-17, its root 3e-9.
    const phis = [0.1, 0.7, 1 / 3, 2.3, 0.9];
    const teacher = phis.map((phi) => [phi, 0]);
    const line = { teacherLogits: teacher, studentLogits: phis.map((phi) => [phi / 3 + 0.1, 0]) };
    expect(measure(confidenceSlope(), line)).toMatchObject({ standardError: 0, correlation: 1 });
    const { interval } = measure(confidenceSlope(), line);
    expect(interval!.high).toBe(interval!.low);
    // ln 2 computed in three ways.
    const shifts = [0, 0.1, 0.3, 1 / 7, 5];
    const constant = shifts.map((shift) => [0.7 + shift, shift]);
    const flat = measure(confidenceSlope(), { teacherLogits: teacher, studentLogits: constant });
    expect(flat).toMatchObject({ correlation: null, standardError: 0 });
    expect(measure(confidenceSlope(), { teacherLogits: constant, studentLogits: teacher }).status).toBe(
      'constantTeacher',
    );
  });

  it('depends neither on the order of the rows nor on a shift of the logits', () => {
    // Eighths, so that the shift is exact and cannot change which class is on top.
    const eighth = (bound: number) => fc.integer({ min: -bound, max: bound }).map((whole) => whole / 8);
    fc.assert(
      fc.property(
        fc.array(fc.array(eighth(40), { minLength: 6, maxLength: 6 }), {
          minLength: 4,
          maxLength: 20,
        }),
        eighth(240),
        (rows, shift) => {
          const inputs = {
            teacherLogits: rows.map((row) => row.slice(0, 3)),
            studentLogits: rows.map((row) => row.slice(3)),
          };
          const plain = confidenceDeviation(inputs);
          // A nearly constant teacher makes the slope depend on roundings.
          const spread = Math.max(...plain.scatter.teacher) - Math.min(...plain.scatter.teacher);
          fc.pre(spread > 0.1);
          const reversed = confidenceDeviation({
            teacherLogits: inputs.teacherLogits.toReversed(),
            studentLogits: inputs.studentLogits.toReversed(),
          });
          const shifted = confidenceDeviation({
            teacherLogits: inputs.teacherLogits.map((row) => row.map((logit) => logit + shift)),
            studentLogits: inputs.studentLogits.map((row) => row.map((logit) => logit - shift)),
          });
          for (const other of [reversed, shifted]) {
            expectDeepClose(other.value, plain.value, 1e-9);
            expectDeepClose(other.intercept, plain.intercept, 1e-9);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('studentTCritical', () => {
  it('agrees with scipy.stats.t.ppf from 1 to 10⁹ degrees of freedom', () => {
    for (const [level, degrees, value] of reference.critical) {
      const got = studentTCritical(level, degrees);
      expect(Math.abs(got / value - 1), `level ${level}, ${degrees} degrees: ${got}`).toBeLessThan(1e-11);
    }
  });
});
