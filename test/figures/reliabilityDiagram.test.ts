import { calibrationError, measure } from 'dark-knowledge';
import { reliabilityDiagram } from 'dark-knowledge/figures';
import { describe, expect, it } from 'vitest';
import { describeFigure, draw, itemsOf } from '../support/figures.ts';
import { labelsOf, logitsOf } from './samples.ts';

const rows = 600;
const resultOf = (seed: number, skill: number, bins = 15) =>
  measure(calibrationError({ bins }), { logits: logitsOf(seed, rows, skill), labels: labelsOf(rows) });
const models = { teacher: resultOf(1, 4), distilled: resultOf(2, 2), independent: resultOf(3, 1) };
const longName = 'distilbert-base-uncased-finetuned-sst-2-english/checkpoint-100000';
const oneRow = measure(calibrationError(), { probabilities: [[0, 1]], labels: [1] });
const noRow = {
  ...oneRow,
  count: 0,
  bins: oneRow.bins.map((bin) => ({ ...bin, count: 0, confidence: null, accuracy: null, gap: null })),
};

describeFigure('reliabilityDiagram', [
  { title: 'teacher beside two students', figure: (options) => reliabilityDiagram(models, options) },
  {
    title: 'one model of one row, all other bins empty',
    figure: (options) => reliabilityDiagram({ model: oneRow }, options),
  },
  {
    title: 'a name that every object has',
    figure: (options) => reliabilityDiagram({ constructor: models.teacher, distilled: models.distilled }, options),
  },
  {
    title: 'a name of any length and any letters',
    figure: (options) =>
      reliabilityDiagram(
        { [longName]: models.teacher, 'a "b" \\ [c].d': models.distilled, '': models.independent },
        options,
      ),
  },
  { title: 'no row at all', figure: (options) => reliabilityDiagram({ model: noRow }, options) },
  { title: 'a single bin', figure: (options) => reliabilityDiagram({ model: resultOf(1, 2, 1) }, options) },
  { title: 'a thousand bins', figure: (options) => reliabilityDiagram({ model: resultOf(1, 2, 1000) }, options) },
]);

describe('a reliability diagram', () => {
  it('has a point for each bin that is not empty, at its mean confidence and its accuracy', async () => {
    const { panels } = await draw(reliabilityDiagram(models));
    Object.values(models).forEach(({ bins }, index) => {
      const filled = bins.filter(({ count }) => count > 0);
      const panel = panels[2 * index]!;
      const points = itemsOf(panel, 'symbol');
      expect(points).toHaveLength(filled.length);
      points.forEach(({ x, y }, at) => {
        expect(panel.across(x)).toBeCloseTo(filled[at]!.confidence!, 6);
        expect(panel.up(y)).toBeCloseTo(filled[at]!.accuracy!, 6);
      });
    });
  });

  it("spans Wilson's interval of each bin's hits", async () => {
    const { panels } = await draw(reliabilityDiagram({ student: models.distilled }));
    const filled = models.distilled.bins.filter(({ count }) => count > 0);
    itemsOf(panels[0]!, 'rule').forEach(({ y, y2 }, at) => {
      const { accuracy, count } = filled[at]!;
      for (const bound of [panels[0]!.up(y), panels[0]!.up(y2!)]) {
        // The bounds are the shares p from which the one seen is 1.96 standard errors away: (a − p)² = z²·p(1 − p)/n.
        expect((accuracy! - bound) ** 2).toBeCloseTo((1.959963984540054 ** 2 * bound * (1 - bound)) / count, 6);
      }
    });
  });

  it('has a histogram of the share of rows, on one scale for all models', async () => {
    const { panels } = await draw(reliabilityDiagram(models));
    const highest = Math.max(...Object.values(models).flatMap(({ bins }) => bins.map(({ count }) => count / rows)));
    Object.values(models).forEach(({ bins }, index) => {
      const panel = panels[2 * index + 1]!;
      const bars = itemsOf(panel, 'rect');
      expect(bars.map(({ height }) => (height! / panel.height) * highest)).toEqual(
        bins.map(({ count }) => expect.closeTo(count / rows, 6)),
      );
    });
  });

  it('puts panels beside each other where there is room, and below each other at half width', () => {
    expect(reliabilityDiagram(models).columns).toBe(3);
    expect(reliabilityDiagram(models, { width: 320 }).columns).toBe(1);
  });

  it('pools a thousand bins exactly: rows and hits stay', async () => {
    const result = resultOf(2, 2, 1000);
    const { panels } = await draw(reliabilityDiagram({ student: result }));
    const points = itemsOf(panels[0]!, 'symbol');
    expect(points.length).toBeLessThanOrEqual(50);
    const sum = (value: (row: Readonly<Record<string, unknown>>) => number) =>
      points.reduce((total, { datum }) => total + value(datum), 0);
    expect(sum(({ rows: own }) => Number(own))).toBe(rows);
    expect(sum(({ rows: own, accuracy }) => Number(own) * Number(accuracy))).toBeCloseTo(result.accuracy * rows, 6);
    expect(sum(({ rows: own, confidence }) => Number(own) * Number(confidence))).toBeCloseTo(
      result.confidence * rows,
      6,
    );
  });

  it('gives a model the same colour and shape in a figure that shows it alone', async () => {
    const all = Object.keys(models);
    const together = await draw(reliabilityDiagram(models));
    const alone = await draw(reliabilityDiagram({ independent: models.independent }, { models: all }));
    const look = ({ fill, shape }: { readonly fill?: string; readonly shape?: string }) => ({ fill, shape });
    expect(look(itemsOf(alone.panels[0]!, 'symbol')[0]!)).toEqual(look(itemsOf(together.panels[4]!, 'symbol')[0]!));
  });

  it('refuses NaN by its place, a result without a name, and no result', () => {
    const bins = models.teacher.bins.map((bin, index) => (index === 14 ? { ...bin, accuracy: Number.NaN } : bin));
    expect(() => reliabilityDiagram({ student: { ...models.teacher, bins } })).toThrow(
      new RangeError('reliabilityDiagram: models.student.bins[14].accuracy must be a finite number, got NaN.'),
    );
    expect(() => reliabilityDiagram(models.teacher as never)).toThrow('Give results by name: { student: result }.');
    expect(() => reliabilityDiagram({})).toThrow(RangeError);
    expect(() => reliabilityDiagram({ student: { ...models.teacher, bins: [] } })).toThrow('at least one bin');
    expect(() => reliabilityDiagram({ student: { ...models.teacher, expected: Number.NaN } })).toThrow(
      'reliabilityDiagram: models.student.expected must be a finite number, got NaN.',
    );
  });
});
