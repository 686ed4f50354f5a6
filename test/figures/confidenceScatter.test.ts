import { confidenceDeviation, confidenceSlope, measure } from 'dark-knowledge';
import { confidenceScatter } from 'dark-knowledge/figures';
import { describe, expect, it } from 'vitest';
import { describeFigure, draw, itemsOf } from '../support/figures.ts';
import { logitsOf } from './samples.ts';

const logits = (rows: number) => ({ teacherLogits: logitsOf(1, rows, 3), studentLogits: logitsOf(2, rows, 2) });
const training = confidenceDeviation(logits(900), { bottom: 0.25 });
const test = confidenceDeviation(logits(300));
const many = confidenceDeviation(logits(20_000), { top: 0.5 });
const stream = measure(confidenceSlope(), logits(500));
const twoClasses = (teacher: readonly (readonly number[])[], student: readonly (readonly number[])[]) =>
  confidenceDeviation({ teacherLogits: teacher, studentLogits: student });
const constantTeacher = twoClasses(
  [
    [1, 0],
    [1, 0],
  ],
  [
    [1, 0],
    [2, 0],
  ],
);
const infinite = twoClasses(
  [
    [1, 0],
    [2, 0],
    [1, -Infinity],
  ],
  [
    [1, 0],
    [3, 0],
    [1, 0],
  ],
);
const one = twoClasses([[1, 0]], [[2, 0]]);

describeFigure('confidenceScatter', [
  { title: 'training and test', figure: (options) => confidenceScatter({ training, test }, options) },
  { title: 'many rows, in cells', figure: (options) => confidenceScatter({ many }, options) },
  { title: 'a line without points', figure: (options) => confidenceScatter({ stream }, options) },
  {
    title: 'a teacher that is always equally sure',
    figure: (options) => confidenceScatter({ constantTeacher }, options),
  },
  { title: 'infinite log-odds', figure: (options) => confidenceScatter({ infinite }, options) },
  { title: 'a name that every object has', figure: (options) => confidenceScatter({ toString: training }, options) },
  { title: 'one row', figure: (options) => confidenceScatter({ one }, options) },
]);

describe('a confidence scatter', () => {
  it('has a point for each row, filled where the line is fitted to it', async () => {
    const { panels } = await draw(confidenceScatter({ training, test }));
    for (const [index, { scatter }] of [training, test].entries()) {
      const panel = panels[index]!;
      const layers = panel.layers.filter(({ kind }) => kind === 'symbol');
      const drawn = layers.flatMap(({ items }) =>
        items.map(({ x, y, fill }) => [panel.across(x), panel.up(y), fill === 'transparent' ? 0 : 1]),
      );
      const rows = Array.from(scatter.teacher, (x, row) => [x, scatter.student[row]!, scatter.fitted[row]!]);
      const byPlace = ([a, b]: number[], [c, d]: number[]) => a! - c! || b! - d!;
      expect(drawn).toHaveLength(rows.length);
      const [sorted, expected] = [drawn.sort(byPlace), rows.sort(byPlace)];
      sorted.forEach((point, at) => {
        point.forEach((value, part) => {
          expect(value).toBeCloseTo(expected[at]![part]!, 6);
        });
      });
    }
  });

  it('has the diagonal and the fitted line, over the fitted rows', async () => {
    const { panels } = await draw(confidenceScatter({ training }));
    const [diagonal, , line] = panels[0]!.layers.filter(({ kind }) => kind === 'line');
    for (const { x, y } of diagonal!.items) expect(panels[0]!.up(y)).toBeCloseTo(panels[0]!.across(x), 6);
    const [from, to] = line!.items.map(({ x, y }) => ({ x: panels[0]!.across(x), y: panels[0]!.up(y) }));
    expect((to!.y - from!.y) / (to!.x - from!.x)).toBeCloseTo(training.value!, 6);
    expect(from!.y - training.value! * from!.x).toBeCloseTo(training.intercept!, 6);
    const fitted = training.scatter.teacher.filter((_, row) => training.scatter.fitted[row] === 1);
    expect([from!.x, to!.x]).toEqual([expect.closeTo(Math.min(...fitted), 6), expect.closeTo(Math.max(...fitted), 6)]);
    expect(to!.x).toBeCloseTo(training.threshold!, 6);
  });

  it('counts every one of many rows in cells of a size that does not grow', async () => {
    const figure = confidenceScatter({ many });
    const { panels, texts } = await draw(figure);
    const cells = itemsOf(panels[0]!, 'rect');
    expect(cells.reduce((sum, { datum }) => sum + Number(datum.rows), 0)).toBe(20_000);
    expect(JSON.stringify(figure).length).toBeLessThan(150_000);
    expect(texts.join(' ')).toContain('counted in 40 × 40 cells');
    // One cell against the rows themselves.
    const cell = cells.reduce((best, next) => (Number(next.datum.rows) > Number(best.datum.rows) ? next : best));
    const { x, x2, y, y2, rows } = cell.datum as Record<string, number>;
    const within = many.scatter.teacher.filter((teacher, row) => {
      const student = many.scatter.student[row]!;
      return teacher >= x! && teacher < x2! && student >= y! && student < y2!;
    });
    expect(within).toHaveLength(rows!);
  });

  it("draws confidenceSlope's line over the teacher's range", async () => {
    const { panels } = await draw(confidenceScatter({ stream }));
    const line = panels[0]!.layers.filter(({ kind }) => kind === 'line')[2]!.items;
    expect(line.map(({ x }) => panels[0]!.across(x))).toEqual(stream.teacherRange!.map((x) => expect.closeTo(x, 5)));
  });

  it('says the slope, its interval, and to how many of the rows it is fitted', () => {
    const { description } = confidenceScatter({ training, test });
    const digits = (value: number) => String(Number(value.toPrecision(3))).replace('-', '−');
    const { low, high } = training.interval!;
    expect(description).toContain(
      `training: slope ${digits(training.value!)} [${digits(low)}, ${digits(high)}] at 95%, n\u00a0=\u00a0225 of 900`,
    );
    expect(description).toMatch(/test: slope .* n\u00a0=\u00a0300\.$/);
  });

  it('says why there is no line, and how many rows are left out', async () => {
    expect((await draw(confidenceScatter({ constantTeacher }))).texts.join(' ')).toContain('all equal');
    expect((await draw(confidenceScatter({ one }))).texts.join(' ')).toContain('no slope: 1 row');
    expect((await draw(confidenceScatter({ infinite }))).texts.join(' ')).toContain(
      '1 row of infinite log-odds left out',
    );
  });

  it('refuses NaN by its place, and lists of different lengths', () => {
    const scatter = { ...test.scatter, student: test.scatter.student.map((y, row) => (row === 4 ? Number.NaN : y)) };
    expect(() => confidenceScatter({ test: { ...test, scatter } })).toThrow(
      new RangeError('confidenceScatter: sets.test.scatter.student[4] must be a finite number, got NaN.'),
    );
    expect(() => confidenceScatter({ test: { ...test, scatter: { ...scatter, student: [1] } } })).toThrow(
      'confidenceScatter: sets.test.scatter.student must be a list of 300, as scatter.teacher is, got a list of 1.',
    );
    expect(() => confidenceScatter({ test: { ...test, value: Number.NaN } })).toThrow('sets.test.value');
  });
});
