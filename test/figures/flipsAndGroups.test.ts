import { type GroupShift, groupGaps, predictionFlipBars } from 'dark-knowledge/figures';
import { describe, expect, it } from 'vitest';
import { describeFigure, draw, itemsOf } from '../support/figures.ts';

// A table of 60 rows, whose change of accuracy and standard error statsmodels' McNemar test confirms: −.066667 ± .032203.
const small = { bothRight: 46, harmful: 4, beneficial: 0, bothWrong: 10, bothWrongDifferently: 1 };
const large = { bothRight: 800_000, harmful: 30_000, beneficial: 90_000, bothWrong: 80_000 };
const same = { bothRight: 9, harmful: 0, beneficial: 0, bothWrong: 1 };

describeFigure('predictionFlipBars', [
  { title: 'one comparison', figure: (options) => predictionFlipBars({ 'teacher → student': small }, options) },
  {
    title: 'several, with long names',
    figure: (options) =>
      predictionFlipBars({ 'teacher → distilled student': small, 'teacher → independent': large }, options),
  },
  { title: 'no flip', figure: (options) => predictionFlipBars({ same }, options) },
]);

describe('flip bars', () => {
  it('reach as far to the left as rows became wrong, to the right as became right', async () => {
    const panel = (await draw(predictionFlipBars({ small, large }))).panels[0]!;
    const [lost, won] = panel.layers.filter(({ kind }) => kind === 'rect').map(({ items }) => items);
    const ends = (items: typeof lost) => items!.map(({ x, width }) => [panel.across(x), panel.across(x + width!)]);
    expect(ends(lost)).toEqual([
      [expect.closeTo(-4 / 60, 6), expect.closeTo(0, 6)],
      [expect.closeTo(-0.03, 6), expect.closeTo(0, 6)],
    ]);
    expect(ends(won)).toEqual([
      [expect.closeTo(0, 6), expect.closeTo(0, 6)],
      [expect.closeTo(0, 6), expect.closeTo(0.09, 6)],
    ]);
    expect(itemsOf(panel, 'text').map(({ text }) => text)).toEqual(['4 lost', '30,000 lost', '0 won', '90,000 won']);
  });

  it('have a diamond at the change of accuracy, in its interval', async () => {
    const panel = (await draw(predictionFlipBars({ small }))).panels[0]!;
    expect(panel.across(itemsOf(panel, 'symbol')[0]!.x)).toBeCloseTo(-0.066667, 5);
    const interval = itemsOf(panel, 'rule').find(({ datum }) => datum.low !== undefined)!;
    const [low, high] = [panel.across(interval.x), panel.across(interval.x2!)].sort((first, second) => first - second);
    expect(high! - low!).toBeCloseTo(2 * 1.959964 * 0.0322030544, 6);
    expect((high! + low!) / 2).toBeCloseTo(-4 / 60, 6);
  });

  it('say each table in words', () => {
    expect(predictionFlipBars({ small }).description).toContain(
      'small: of 60 rows 6.7% became wrong and 0.0% right; accuracy changed by −6.7% [−13.0%, −0.4%].',
    );
  });

  it('refuse NaN by its place, and a table without rows', () => {
    expect(() => predictionFlipBars({ small: { ...small, harmful: Number.NaN } })).toThrow(
      new RangeError('predictionFlipBars: comparisons.small.harmful must be a whole number of at least 0, got NaN.'),
    );
    const none = { bothRight: 0, harmful: 0, beneficial: 0, bothWrong: 0 };
    expect(() => predictionFlipBars({ none })).toThrow('at least one row');
  });
});

// Intervals by scipy's binomtest(…).proportion_ci(method='wilson').
const shift: GroupShift = {
  groups: [
    {
      group: 'near',
      count: 40,
      before: 0.95,
      beforeInterval: [0.8349612263086, 0.9861793326139],
      after: 0.9,
      afterInterval: [0.7694822477248, 0.9604204713174],
    },
    {
      group: 'a group of a long name',
      count: 8,
      before: 0.625,
      beforeInterval: [0.3057423946026, 0.8631557141764],
      after: 0.5,
      afterInterval: [0.2152160622139, 0.7847839377861],
    },
    { group: 'none', count: 0, before: null, beforeInterval: null, after: null, afterInterval: null },
  ],
  gapBefore: 0.325,
  gapAfter: 0.4,
};
const many: GroupShift = {
  groups: Array.from({ length: 300 }, (_, index) => ({
    count: 1000 + index,
    before: 0.9,
    beforeInterval: [0.85, 0.95],
    after: 0.9 - ((index * 7) % 300) / 1000,
    afterInterval: null,
  })),
  gapBefore: 0,
  gapAfter: 0.299,
};

describeFigure('groupGaps', [
  {
    title: 'three groups, one without rows',
    figure: (options) => groupGaps(shift, { ...options, before: 'teacher', after: 'student' }),
  },
  { title: 'many groups without names', figure: (options) => groupGaps(many, options) },
  {
    title: 'groups and models that are called as what every object has',
    figure: (options) =>
      groupGaps(
        {
          ...shift,
          groups: shift.groups.map((group, index) => ({
            ...group,
            group: ['constructor', 'toString', 'valueOf'][index]!,
          })),
        },
        {
          ...options,
          before: 'hasOwnProperty',
          after:
            'a model whose name is so long that it is cut in its middle, even below a wide figure, where a legend has much room',
        },
      ),
  },
  {
    title: 'groups without rows alone',
    figure: (options) => groupGaps({ ...shift, groups: [shift.groups[2]!] }, options),
  },
]);

describe('group gaps', () => {
  it('have a mark for each accuracy, in its interval, on the line of its group', async () => {
    const { panels, legend } = await draw(groupGaps(shift, { before: 'teacher', after: 'student' }));
    const panel = panels[0]!;
    expect(legend).toEqual(['teacher', 'student']);
    expect(panel.labels.y).toEqual(['near  (40)', 'a group of a long name (8)', 'none  (0)']);
    for (const [side, field] of [
      ['teacher', 'before'],
      ['student', 'after'],
    ] as const) {
      const points = itemsOf(panel, 'symbol').filter(({ datum }) => datum.side === side);
      const rules = itemsOf(panel, 'rule').filter(({ datum }) => datum.side === side);
      expect(points).toHaveLength(2);
      points.forEach(({ x, y }, index) => {
        const group = shift.groups[index]!;
        expect(panel.across(x)).toBeCloseTo(group[field]!, 6);
        expect(Math.floor((y / panel.height) * 3)).toBe(index);
        const bounds = [panel.across(rules[index]!.x), panel.across(rules[index]!.x2!)].sort();
        expect(bounds).toEqual(group[`${field}Interval`]!.map((bound) => expect.closeTo(bound, 6)));
      });
    }
  });

  it('tell the sides apart by shape and dash too', async () => {
    const panel = (await draw(groupGaps(shift))).panels[0]!;
    expect(new Set(itemsOf(panel, 'symbol').map(({ shape }) => shape)).size).toBe(2);
    const dashes = itemsOf(panel, 'rule').filter(({ datum }) => datum.side !== undefined);
    expect(new Set(dashes.map(({ strokeDash }) => String(strokeDash))).size).toBe(2);
  });

  it('show the groups that lost most of many, and say so', async () => {
    const { panels, texts } = await draw(groupGaps(many));
    const drawn = itemsOf(panels[0]!, 'symbol').filter(({ datum }) => datum.side === 'after');
    expect(drawn).toHaveLength(40);
    expect(Math.max(...drawn.map(({ x }) => panels[0]!.across(x)))).toBeLessThan(0.9 - 0.259);
    expect(texts.join(' ')).toContain('Drawn: the 40 of 300 groups that lost most.');
  });

  it('say the gap before and after, and the groups without rows', async () => {
    const text = (await draw(groupGaps(shift))).texts.join(' ');
    expect(text).toContain('Gap between the best and the worst group: 32.5% before, 40.0% after.');
    expect(text).toContain('Groups without rows: 1.');
  });

  it('refuse NaN by its place', () => {
    const groups = [{ ...shift.groups[0]!, after: Number.NaN }];
    expect(() => groupGaps({ ...shift, groups })).toThrow(
      new RangeError('groupGaps: groups[0].after must be a finite number, got NaN.'),
    );
    expect(() => groupGaps({ ...shift, gapAfter: Number.NaN })).toThrow('groupGaps: gapAfter');
    expect(() => groupGaps({ ...shift, groups: [] })).toThrow('at least one group');
    expect(() => groupGaps(shift, { before: 'model', after: 'model' })).toThrow("another name than before's");
  });
});
