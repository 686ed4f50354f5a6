import { eigenComponents, eigenDirections, gradientFlow, measure, randomNormal } from 'dark-knowledge';
import { eigenTrajectories } from 'dark-knowledge/figures';
import { describe, expect, it } from 'vitest';
import { describeFigure, draw, itemsOf } from '../support/figures.ts';

const features = 6;
const data = {
  data: Float64Array.from({ length: 40 * features }, (_, index) => randomNormal(3, index) / (1 + (index % features))),
  shape: [40, features],
};
const targets = { data: Float64Array.from({ length: 40 }, (_, row) => randomNormal(4, row)), shape: [40] };
const flow = gradientFlow({ data, targets });
const times = [0, 0.01, 0.05, 0.2, 1];
const teacher = times.map((time) => flow.teacher(time));
const student = times.map((time) => flow.student({ teacherTime: 1, time }));
const result = eigenComponents({
  eigen: measure(eigenDirections(), { data }),
  teacher: teacher.map(({ weights }) => weights),
  student: student.map(({ weights }) => weights),
});
const flowing = {
  eigenvalues: flow.eigenvalues,
  teacher: teacher.map(({ components }) => components.data),
  student: student.map(({ components }) => components.data),
};
const wide = {
  eigenvalues: Float64Array.from({ length: 1000 }, (_, index) => (index < 700 ? 1 / (1 + index) : 0)),
  teacher: [new Float64Array(1000), Float64Array.from({ length: 1000 }, (_, index) => (index < 700 ? 1 : 0))],
  student: Array.from({ length: 900 }, (_, step) => new Float64Array(1000).fill(step / 900)),
};
const single = { eigenvalues: [2], teacher: [[0], [1]], student: [[0], [0.5]] };

describeFigure('eigenTrajectories', [
  { title: 'the result of eigenComponents', figure: (options) => eigenTrajectories(result, options) },
  {
    title: 'components of gradientFlow, three pairs',
    figure: (options) =>
      eigenTrajectories(flowing, {
        ...options,
        pairs: [
          [0, 1],
          [0, 3],
          [2, 5],
        ],
      }),
  },
  {
    title: 'many directions and checkpoints, a rank that is not full',
    figure: (options) => eigenTrajectories(wide, options),
  },
  { title: 'a single direction', figure: (options) => eigenTrajectories(single, options) },
]);

describe('eigen-trajectories', () => {
  it('go through the components of each checkpoint, in their order', async () => {
    const panel = (await draw(eigenTrajectories(result))).panels[0]!;
    const last = features - 1;
    for (const side of ['teacher', 'student'] as const) {
      const line = itemsOf(panel, 'line').filter(({ datum }) => datum.model === side);
      expect(line.map(({ x, y }) => [panel.across(x), panel.up(y)])).toEqual(
        result[side].map((components) => [expect.closeTo(components[0]!, 6), expect.closeTo(components[last]!, 6)]),
      );
    }
    expect(panel.axes.join(' ')).toContain('along 1 (λ = ');
    expect(panel.axes.join(' ')).toContain(`along ${features} (λ = `);
  });

  it('have a panel of the final ratios along every direction', async () => {
    const panel = (await draw(eigenTrajectories(result))).panels.at(-1)!;
    expect(itemsOf(panel, 'symbol').map(({ x, y }) => [panel.across(x), panel.up(y)])).toEqual(
      result.finalRatios.map((ratio, index) => [expect.closeTo(index + 1, 6), expect.closeTo(ratio!, 6)]),
    );
  });

  it('show the pairs that are asked for, and compute ratios that are not given', async () => {
    const { panels, legend } = await draw(
      eigenTrajectories(flowing, {
        pairs: [
          [0, 1],
          [2, 5],
        ],
      }),
    );
    expect(panels.map(({ title }) => title)).toEqual([
      'directions 1 and 2',
      'directions 3 and 6',
      'student over teacher, at the end',
    ]);
    expect(legend).toEqual(['teacher', 'student']);
    const ratio = itemsOf(panels[2]!, 'symbol')[5]!;
    // Theorem 4.1's closed form: the student's share of the teacher's way is 1 − exp(−λ·time).
    expect(panels[2]!.up(ratio.y)).toBeCloseTo(-Math.expm1(-flow.eigenvalues[5]! * 1), 6);
  });

  it('end at the last direction along which the data extend, and thin what is long', async () => {
    const { panels, texts } = await draw(eigenTrajectories(wide));
    expect(panels[0]!.title).toBe('directions 1 and 700');
    expect(texts.join(' ')).toContain('No ratio along 300 directions');
    expect(itemsOf(panels[0]!, 'line').filter(({ datum }) => datum.model === 'student')).toHaveLength(301);
  });

  it('refuse NaN by its place, and a direction that there is not', () => {
    expect(() => eigenTrajectories({ ...single, student: [[0], [Number.NaN]] })).toThrow(
      new RangeError('eigenTrajectories: student[1][0] must be a finite number, got NaN.'),
    );
    expect(() => eigenTrajectories(single, { pairs: [[0, 1]] })).toThrow(
      new RangeError('eigenTrajectories: pairs[0] must be directions in [0, 1), got 1.'),
    );
    expect(() => eigenTrajectories({ ...single, teacher: [] })).toThrow('at least one checkpoint');
    expect(() => eigenTrajectories({ ...single, teacher: [[1, 2]] })).toThrow('teacher[0] must be a list of 1');
  });
});
