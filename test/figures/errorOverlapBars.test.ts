import { errorOverlap, measure } from 'dark-knowledge';
import { errorOverlapBars } from 'dark-knowledge/figures';
import { describe, expect, it } from 'vitest';
import { describeFigure, draw, itemsOf } from '../support/figures.ts';
import { labelsOf, logitsOf } from './samples.ts';

const overlapOf = (models: readonly string[], rows = 500) =>
  measure(errorOverlap({ models }), {
    labels: labelsOf(rows),
    ...Object.fromEntries(models.map((model, index) => [model, logitsOf(index + 1, rows, 2)])),
  } as Record<string, ReturnType<typeof logitsOf> | Int32Array> as never);
const three = overlapOf(['teacher', 'distilled', 'independent']);
const nine = overlapOf(
  Array.from({ length: 9 }, (_, index) => `a student of long name ${index}`),
  2000,
);
const single = overlapOf(['student']);
const perfect = measure(errorOverlap({ models: ['a', 'b'], from: 'predictions' }), {
  labels: [0, 1],
  a: [0, 1],
  b: [0, 1],
});

describeFigure('errorOverlapBars', [
  { title: 'three models', figure: (options) => errorOverlapBars(three, options) },
  { title: 'nine models, more regions than fit', figure: (options) => errorOverlapBars(nine, options) },
  { title: 'one model', figure: (options) => errorOverlapBars(single, options) },
  {
    title: 'names of any length and any letters',
    figure: (options) =>
      errorOverlapBars(
        overlapOf(['a "b" \\ [c].d', 'distilbert-base-uncased-finetuned-sst-2-english/100000']),
        options,
      ),
  },
  { title: 'no errors, so no region', figure: (options) => errorOverlapBars(perfect, options) },
]);

describe('error overlap bars', () => {
  it('have a bar for each region, as high as its rows, the largest first, with the number on it', async () => {
    const { panels } = await draw(errorOverlapBars(three));
    const counts = three.regions.map(({ count }) => count).sort((first, second) => second - first);
    const bars = itemsOf(panels[0]!, 'rect');
    expect(bars.map(({ y, height }) => panels[0]!.up(y) - panels[0]!.up(y + height!))).toEqual(
      counts.map((count) => expect.closeTo(count, 6)),
    );
    expect(itemsOf(panels[0]!, 'text').map(({ text }) => text)).toEqual(counts.map(String));
  });

  it('have filled dots for the models that are wrong, under the bar of their region', async () => {
    const { panels } = await draw(errorOverlapBars(three));
    const [bars, matrix] = panels as [(typeof panels)[0], (typeof panels)[0]];
    const centres = itemsOf(bars, 'rect').map(({ x, width }) => x + width! / 2);
    const regions = [...three.regions].sort((first, second) => second.count - first.count);
    const models = three.errors.map(({ model }) => model);
    const dots = itemsOf(matrix, 'symbol').filter(({ datum }) => datum.wrong === true);
    const at = dots.map(({ x, y, datum }) => {
      const bar = centres.findIndex((centre) => Math.abs(centre - x) < 1);
      expect(Math.floor((y / matrix.height) * models.length)).toBe(models.indexOf(String(datum.model)));
      return `${bar} ${datum.model}`;
    });
    expect(at.sort()).toEqual(regions.flatMap((region, bar) => region.models.map((model) => `${bar} ${model}`)).sort());
  });

  it("name each model with its errors' number", async () => {
    const { panels } = await draw(errorOverlapBars(three));
    expect(panels[1]!.labels.y).toEqual(three.errors.map(({ model, count }) => `${model}  ${count}`));
  });

  it('say how many rows the regions hold that have no room, at half width more of them', async () => {
    for (const width of [640, 320]) {
      const { panels, texts } = await draw(errorOverlapBars(nine, { width }));
      const bars = itemsOf(panels[0]!, 'rect');
      const drawn = bars.reduce((sum, { datum }) => sum + Number(datum.rows), 0);
      const left = nine.regions.length - bars.length;
      expect(left).toBeGreaterThan(100);
      expect(texts.join(' ').replaceAll(',', '')).toContain(
        `Not drawn: ${left} smaller regions ${nine.union.count - drawn} rows together.`,
      );
    }
  });

  it('say so where no model errs', async () => {
    expect((await draw(errorOverlapBars(perfect))).texts).toContain('No model is wrong on any row.');
  });

  it('refuse a count that is none, and a region of a stranger', () => {
    const regions = [{ models: ['teacher'], count: Number.NaN }];
    expect(() => errorOverlapBars({ ...three, regions })).toThrow(
      new RangeError('errorOverlapBars: regions[0].count must be a whole number of at least 0, got NaN.'),
    );
    expect(() => errorOverlapBars({ ...three, regions: [{ models: ['stranger'], count: 1 }] })).toThrow(
      "errorOverlapBars: regions[0].models must be the errors' models, got 'stranger'.",
    );
    expect(() => errorOverlapBars({ ...three, errors: [] })).toThrow(RangeError);
    const all = three.union.count;
    expect(() => errorOverlapBars({ ...three, regions: [{ models: ['teacher'], count: all + 1 }] })).toThrow(
      `errorOverlapBars: regions[0].count must be at most the union.count, ${all}, got ${all + 1}.`,
    );
    expect(() => errorOverlapBars({ ...three, union: { count: three.count + 1 } })).toThrow(
      /union.count must be at most/,
    );
  });
});
