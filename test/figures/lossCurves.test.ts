import { lossCurves, type StepRecord } from 'dark-knowledge/figures';
import { describe, expect, it } from 'vitest';
import { describeFigure, draw, itemsOf } from '../support/figures.ts';

const few: readonly StepRecord[] = Array.from({ length: 12 }, (_, index) => ({
  step: 10 * (index + 1),
  terms: { task: 2 / (index + 1), distillation: 3 / (index + 1), hint: index < 4 ? null : 0.2 },
}));
const many: readonly StepRecord[] = Array.from({ length: 10_000 }, (_, step) => ({
  step,
  terms: { task: step === 5017 ? 50 : 1 + (step % 2) },
}));
const accuracies = few.map(({ step }) => ({ step, terms: { student: step / 150 } }));

describeFigure('lossCurves', [
  { title: 'three terms', figure: (options) => lossCurves(few, options) },
  { title: 'many steps, on a log scale', figure: (options) => lossCurves(many, { ...options, scale: 'log' }) },
  {
    title: 'a log scale with values left out',
    figure: (options) => lossCurves(few, { ...options, scale: 'log', stepTitle: 'step (thousands)' }),
  },
  { title: 'one record', figure: (options) => lossCurves([{ step: 1, terms: { task: 1 } }], options) },
  {
    title: 'a term that never has a value',
    figure: (options) => lossCurves([{ step: 1, terms: { task: null, distillation: 2 } }], options),
  },
  {
    title: 'accuracy under the line of the teacher',
    figure: (options) => lossCurves(accuracies, { ...options, valueTitle: 'accuracy', references: { teacher: 0.97 } }),
  },
]);

describe('loss curves', () => {
  it('go through every value of every term, with gaps where there is none', async () => {
    const { panels, legend } = await draw(lossCurves(few));
    const panel = panels[0]!;
    for (const term of ['task', 'distillation', 'hint'] as const) {
      const line = itemsOf(panel, 'line').filter(({ datum, defined }) => datum.term === term && defined !== false);
      const given = few.filter(({ terms }) => terms[term] !== null);
      expect(line.map(({ x, y }) => [panel.across(x), panel.up(y)])).toEqual(
        given.map(({ step, terms }) => [expect.closeTo(step, 6), expect.closeTo(terms[term]!, 6)]),
      );
    }
    expect(legend).toEqual(['task', 'distillation', 'hint']);
    const dashes = new Set(itemsOf(panel, 'line').map(({ strokeDash }) => String(strokeDash)));
    expect(dashes.size).toBe(3);
  });

  it('reach from the lowest value to the highest, whatever is left out', async () => {
    const panel = (await draw(lossCurves(few, { scale: 'log' }))).panels[0]!;
    expect(panel.up(panel.height)).toBeCloseTo(0.1, 6);
    expect(panel.up(0)).toBeCloseTo(10, 6);
  });

  it('cut long names in the legend in their middle', async () => {
    const long = 'distilbert-base-uncased-finetuned-sst-2-english/checkpoint';
    const { legend } = await draw(
      lossCurves([{ step: 1, terms: { [`${long}-1`]: 1, [`${long}-2`]: 2 } }], { width: 320 }),
    );
    expect(legend).toEqual([expect.stringMatching(/^distilbert.*….*point-1$/), expect.stringMatching(/….*point-2$/)]);
  });

  it('take records in any order', () => {
    expect(lossCurves([...few].reverse()).concat).toEqual(lossCurves(few).concat);
  });

  it('join many steps at their mean, and hide no spike', async () => {
    const figure = lossCurves(many);
    const { panels, texts } = await draw(figure);
    const line = itemsOf(panels[0]!, 'line');
    expect(line).toHaveLength(200);
    expect(panels[0]!.up(line[0]!.y)).toBeCloseTo(1.5, 6);
    expect(panels[0]!.across(line[0]!.x)).toBeCloseTo(24.5, 6);
    const band = itemsOf(panels[0]!, 'area');
    expect(Math.max(...band.flatMap(({ y, y2 }) => [panels[0]!.up(y), panels[0]!.up(y2!)]))).toBeCloseTo(50, 6);
    expect(JSON.stringify(figure).length).toBeLessThan(60_000);
    expect(texts.join(' ')).toContain('10,000 records: a point is the mean of 50');
  });

  it('draw what there is to reach as a named line', async () => {
    const { panels, texts } = await draw(
      lossCurves(accuracies, { valueTitle: 'accuracy', references: { teacher: 0.97 } }),
    );
    expect(itemsOf(panels[0]!, 'rule').map(({ y }) => panels[0]!.up(y))).toEqual([expect.closeTo(0.97, 6)]);
    expect(itemsOf(panels[0]!, 'text').map(({ text }) => text)).toEqual(['teacher']);
    expect(texts.join(' ')).toContain('Dotted: teacher 0.97.');
    expect(panels[0]!.axes).toEqual(['step', 'accuracy']);
  });

  it('write 0 as 0 among small numbers', async () => {
    const tiny = [0, 1, 2].map((step) => ({ step, terms: { task: step * 1e-12 } }));
    expect((await draw(lossCurves(tiny))).panels[0]!.labels.y).toEqual(['0', '5e-13', '1e-12', '1.5e-12', '2e-12']);
  });

  it('refuse NaN by its place, a value of 0 on a log scale, and nothing to draw', () => {
    const bad = [...few, { step: 130, terms: { task: Number.NaN } }];
    expect(() => lossCurves(bad)).toThrow(
      new RangeError('lossCurves: records[12].terms.task must be a finite number, got NaN.'),
    );
    expect(() => lossCurves([{ step: 1, terms: { task: 0 } }], { scale: 'log' })).toThrow("above 0 with scale 'log'");
    expect(() => lossCurves([])).toThrow('at least one record');
    expect(() => lossCurves([{ step: 1, terms: {} }])).toThrow('at least one value');
    expect(() => lossCurves([{ step: 1, terms: { task: null } }])).toThrow('at least one value');
    expect(() => lossCurves(few, { references: { teacher: Number.NaN } })).toThrow('references.teacher');
    expect(() => lossCurves(few, { scale: 'cubic' as never })).toThrow(RangeError);
  });
});
