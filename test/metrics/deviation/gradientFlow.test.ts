import { readFileSync } from 'node:fs';
import { eigenComponents, gradientFlow, tensor } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectDeepClose } from '../../support/deepClose.ts';

/** By NumPy and SciPy's matrix exponential: see the script of the same name. */
const reference = JSON.parse(readFileSync(new URL('../../fixtures/eigenDeviation.json', import.meta.url), 'utf8')) as {
  readonly wide: number[][];
  readonly targets: number[];
  readonly wideEigenvalues: number[];
  readonly teacherAt: number[];
  readonly studentAt: number[];
  readonly minimumNorm: number[];
  readonly tall: number[][];
  readonly pair: number[][];
  readonly tallTeacher: number[][];
  readonly tallStudent: number[][];
  readonly leastSquares: number[][];
};
const { wide, targets } = reference;

function product(rows: readonly (readonly number[])[], weights: ArrayLike<number>): number[] {
  return rows.map((row) => row.reduce((sum, value, feature) => sum + value * weights[feature]!, 0));
}

/** dw/dt = Xᵀ(y − Xw) from 0, by the classical Runge–Kutta method. */
function integrate(
  rows: readonly (readonly number[])[],
  goal: readonly number[],
  time: number,
  steps: number,
): number[] {
  const slope = (weights: readonly number[]) => {
    const outputs = product(rows, weights);
    return weights.map((_, feature) =>
      rows.reduce((sum, row, index) => sum + row[feature]! * (goal[index]! - outputs[index]!), 0),
    );
  };
  const moved = (weights: readonly number[], by: readonly number[], size: number) =>
    weights.map((weight, feature) => weight + size * by[feature]!);
  const h = time / steps;
  let weights = rows[0]!.map(() => 0);
  for (let step = 0; step < steps; step++) {
    const k1 = slope(weights);
    const k2 = slope(moved(weights, k1, h / 2));
    const k3 = slope(moved(weights, k2, h / 2));
    const k4 = slope(moved(weights, k3, h));
    weights = weights.map((weight, i) => weight + (h / 6) * (k1[i]! + 2 * k2[i]! + 2 * k3[i]! + k4[i]!));
  }
  return weights;
}

describe('gradientFlow', () => {
  const flow = gradientFlow({ data: wide, targets });

  it('agrees with the paper’s formulas, by the matrix exponential', () => {
    expectDeepClose(flow.eigenvalues, reference.wideEigenvalues, 1e-11);
    expectDeepClose(flow.teacher(0.2).weights.data, reference.teacherAt, 1e-11);
    expectDeepClose(flow.student({ teacherTime: 0.2, time: 0.3 }).weights.data, reference.studentAt, 1e-11);
  });

  it('is where small steps down the gradient lead', () => {
    const teacher = integrate(wide, targets, 0.2, 400);
    expectDeepClose(flow.teacher(0.2).weights.data, teacher, 1e-9);
    const student = integrate(wide, product(wide, teacher), 0.3, 400);
    expectDeepClose(flow.student({ teacherTime: 0.2, time: 0.3 }).weights.data, student, 1e-9);
  });

  it('begins at 0 and ends at the least-squares solution of smallest norm', () => {
    expect(flow.teacher(0).weights.data.every((weight) => weight === 0)).toBe(true);
    expectDeepClose(flow.teacher(Infinity).weights.data, reference.minimumNorm, 1e-11);
    const forever = flow.student({ teacherTime: Infinity, time: Infinity });
    expectDeepClose(forever.weights.data, reference.minimumNorm, 1e-11);
  });

  it('serves more rows than features, and several outputs', () => {
    const tall = gradientFlow({ data: reference.tall, targets: reference.pair });
    expect(tall.teacher(1).weights.shape).toEqual([3, 2]);
    expect(tall.teacher(1).components.shape).toEqual([3, 2]);
    expectDeepClose(tall.teacher(0.05).weights.data, tensor(reference.tallTeacher).data, 1e-11);
    const student = tall.student({ teacherTime: 0.05, time: 0.1 });
    expectDeepClose(student.weights.data, tensor(reference.tallStudent).data, 1e-11);
    expectDeepClose(tall.teacher(Infinity).weights.data, tensor(reference.leastSquares).data, 1e-11);
  });

  it('never moves along a direction that the data lack', () => {
    // Two equal columns: nothing along (1, −1), even after all time.
    const { weights, progress } = gradientFlow({
      data: [
        [1, 1],
        [2, 2],
        [-1, -1],
      ],
      targets: [1, 3, 0],
    }).teacher(Infinity);
    expectDeepClose(weights.data, [7 / 12, 7 / 12], 1e-12);
    expectDeepClose(progress, [1, 0], 0);
  });

  it('states its components along the directions', () => {
    const { weights, components } = flow.teacher(0.4);
    const eigen = { eigenvalues: flow.eigenvalues, directions: flow.directions };
    const [sizes] = eigenComponents({ eigen, teacher: [weights], student: [weights] }).teacher;
    expectDeepClose(sizes, components.data.map(Math.abs), 1e-12);
  });

  it('refuses values that are not finite, wrong shapes, and a time below 0', () => {
    expect(() => gradientFlow({ data: [[Number.NaN]], targets: [1] })).toThrow(/data must be finite/);
    for (const size of [1e-200, 1e200]) {
      expect(() =>
        gradientFlow({
          data: [
            [size, 0],
            [0, 2 * size],
          ],
          targets: [1, 1],
        }),
      ).toThrow('gradientFlow: data must be finite, and so their squares, got');
    }
    expect(() => gradientFlow({ data: [[1]], targets: [1, 2] })).toThrow(/targets must be of shape \[1\]/);
    expect(() => flow.teacher(-1)).toThrow(/time must be at least 0, got -1/);
    expect(() => flow.student({ teacherTime: Number.NaN, time: 1 })).toThrow(/teacherTime/);
  });
});

describe('equal progress', () => {
  it('is met by the student at the time stated, by hand and in the limits', () => {
    const flow = gradientFlow({ data: [[1]], targets: [3] });
    // (1 − e^−s)·(1 − 1/4) = 1 − 1/2, so e^−s = 1/3.
    const [time, teacherTime] = [Math.log(2), Math.log(4)];
    expect(flow.equalProgressTime({ direction: 0, time, teacherTime })).toBeCloseTo(Math.log(3), 14);
    expect(flow.equalProgressTime({ direction: 0, time, teacherTime: Infinity })).toBe(time);
    expect(flow.equalProgressTime({ direction: 0, time, teacherTime: time })).toBe(Infinity);
    expect(flow.equalProgressTime({ direction: 0, time: 0, teacherTime })).toBe(0);
    // Both have converged to a rounding; e^−30 of the way is still told apart.
    expect(flow.equalProgressTime({ direction: 0, time: 40, teacherTime: 70 })).toBeCloseTo(40, 12);
    const late = flow.equalProgressTime({ direction: 0, time: 40, teacherTime: 40.5 });
    expect(late).toBeCloseTo(40 - Math.log(1 - Math.exp(-0.5)), 12);
  });

  it('refuses a time after the teacher’s, and a direction that the data lack', () => {
    const flow = gradientFlow({ data: [[1, 0]], targets: [3] });
    expect(() => flow.equalProgressTime({ direction: 0, time: 2, teacherTime: 1 })).toThrow(/at most teacherTime, 1/);
    expect(() => flow.equalProgressTime({ direction: 1, time: 1, teacherTime: 2 })).toThrow(/along which the data/);
  });
});

describe('Theorem 4.1 of the paper on student-teacher deviations', () => {
  /** The student's time at which it has gone as far along λ as the teacher of time `time`; needs time < teacherTime. */
  const timeOfEqualProgress = (eigenvalue: number, time: number, teacherTime: number) =>
    -Math.log1p(Math.expm1(-eigenvalue * time) / -Math.expm1(-eigenvalue * teacherTime)) / eigenvalue;

  it('holds on data: equal along a top direction, the student is strictly smaller along every lower one', () => {
    const entry = fc.integer({ min: -8, max: 8 }).map((whole) => whole / 4);
    const data = fc.array(fc.array(entry, { minLength: 5, maxLength: 5 }), { minLength: 3, maxLength: 3 });
    let compared = 0;
    fc.assert(
      fc.property(
        data,
        fc.array(entry, { minLength: 3, maxLength: 3 }),
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        (rows, goal, teacherTime, share) => {
          const flow = gradientFlow({ data: rows, targets: goal });
          const time = share * teacherTime;
          const teacher = flow.teacher(time).components.data;
          for (let top = 0; top < 3; top++) {
            const topValue = flow.eigenvalues[top]!;
            // Outside of this span e^{−λt} leaves too few digits to tell equal from smaller.
            if (topValue * time < 1e-2 || topValue * teacherTime > 20) continue;
            const studentTime = flow.equalProgressTime({ direction: top, time, teacherTime });
            const student = flow.student({ teacherTime, time: studentTime }).components.data;
            expectDeepClose(student[top], teacher[top], 1e-10);
            for (let bottom = top + 1; bottom < 3; bottom++) {
              const bottomValue = flow.eigenvalues[bottom]!;
              if (bottomValue < 1e-3 || bottomValue > 0.95 * topValue || Math.abs(teacher[bottom]!) < 1e-6) continue;
              compared += 1;
              expect(Math.abs(student[bottom]!)).toBeLessThan(Math.abs(teacher[bottom]!));
            }
          }
        },
      ),
      { numRuns: 200 },
    );
    // A property that skips every case would hold of anything.
    expect(compared).toBeGreaterThan(100);
  });

  it('holds along integrated paths too, without the closed form', () => {
    const { eigenvalues, directions } = gradientFlow({ data: wide, targets });
    const [teacherTime, time] = [0.3, 0.12];
    const components = (weights: readonly number[]) =>
      product(
        Array.from({ length: 5 }, (_, k) => Array.from(directions.data.slice(8 * k, 8 * k + 8))),
        weights,
      );
    const teacher = components(integrate(wide, targets, time, 300));
    const outputs = product(wide, integrate(wide, targets, teacherTime, 300));
    for (let top = 0; top < 4; top++) {
      const studentTime = timeOfEqualProgress(eigenvalues[top]!, time, teacherTime);
      const student = components(integrate(wide, outputs, studentTime, 600));
      expectDeepClose(student[top], teacher[top], 1e-8);
      for (let bottom = top + 1; bottom < 5; bottom++) {
        expect(Math.abs(student[bottom]!)).toBeLessThan(Math.abs(teacher[bottom]!));
      }
    }
  });
});
