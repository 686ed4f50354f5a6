import { linearInterpolation } from 'dark-knowledge';
import { barrierCurve } from 'dark-knowledge/figures';
import { describe, expect, it } from 'vitest';
import { describeFigure, draw, itemsOf } from '../support/figures.ts';

const along = (loss: (lambda: number) => number, points = 25) =>
  linearInterpolation({ from: { weight: [0] }, to: { weight: [1] }, points, evaluate: (_, lambda) => loss(lambda) });
// 1 + λ + 4·λ·(1 − λ): ends 1 and 2, and 1 above the straight line at λ = ½.
const hill = await along((lambda) => 1 + lambda + 4 * lambda * (1 - lambda));
const slope = await along((lambda) => 1 + 2 * lambda);
const broken = await along((lambda) => (lambda > 0.3 && lambda < 0.6 ? Number.NaN : 1 + lambda));
const brokenEnd = await along((lambda) => (lambda === 1 ? Number.NaN : 1));
const long = await along((lambda) => 1 + Math.sin(40 * lambda), 1001);
const ends = await along((lambda) => lambda, 2);

describeFigure('barrierCurve', [
  { title: 'one pair', figure: (options) => barrierCurve({ 'independent → distilled': hill }, options) },
  { title: 'several pairs', figure: (options) => barrierCurve({ hill, slope, ends }, options) },
  { title: 'more points than are drawn', figure: (options) => barrierCurve({ long }, options) },
  { title: 'losses that are NaN', figure: (options) => barrierCurve({ broken }, options) },
  { title: 'an end that is NaN', figure: (options) => barrierCurve({ brokenEnd }, options) },
]);

describe('a barrier curve', () => {
  it('goes through every loss', async () => {
    const panel = (await draw(barrierCurve({ hill }))).panels[0]!;
    expect(itemsOf(panel, 'symbol').map(({ x, y }) => [panel.across(x), panel.up(y)])).toEqual(
      hill.lambdas.map((lambda, index) => [expect.closeTo(lambda, 6), expect.closeTo(hill.losses[index]!, 6)]),
    );
  });

  it('has its three baselines, told apart by their dashes', async () => {
    const { panels, legend } = await draw(barrierCurve({ hill }));
    const panel = panels[0]!;
    const heights = (baseline: string) =>
      itemsOf(panel, 'line')
        .filter(({ datum }) => datum.baseline === baseline)
        .map(({ y }) => panel.up(y));
    expect(heights('linear')).toEqual([expect.closeTo(1, 6), expect.closeTo(2, 6)]);
    expect(heights('mean')).toEqual([expect.closeTo(1.5, 6), expect.closeTo(1.5, 6)]);
    expect(heights('endpoint')).toEqual([expect.closeTo(2, 6), expect.closeTo(2, 6)]);
    expect(legend).toEqual(['linear', 'mean', 'endpoint']);
    const dashes = itemsOf(panel, 'line')
      .filter(({ datum }) => datum.baseline !== undefined)
      .map(({ strokeDash }) => String(strokeDash));
    expect(new Set(dashes).size).toBe(3);
  });

  it('has an upright line as long as the linear barrier, where that is highest', async () => {
    const panel = (await draw(barrierCurve({ hill }))).panels[0]!;
    const { x, y, y2 } = itemsOf(panel, 'rule')[0]!;
    expect(panel.across(x)).toBeCloseTo(0.5, 6);
    expect(Math.abs(panel.up(y) - panel.up(y2!))).toBeCloseTo(hill.barrier.linear, 6);
    expect(hill.barrier.linear).toBeCloseTo(1, 12);
    expect(itemsOf((await draw(barrierCurve({ slope }))).panels[0]!, 'rule')).toHaveLength(0);
  });

  it('leaves a gap where a loss is NaN, and counts it', async () => {
    const { panels, texts } = await draw(barrierCurve({ broken }));
    const missing = broken.losses.filter(Number.isNaN).length;
    expect(itemsOf(panels[0]!, 'symbol')).toHaveLength(25 - missing);
    const curve = itemsOf(panels[0]!, 'line').filter(({ datum }) => datum.baseline === undefined);
    expect(curve.filter(({ defined }) => defined === false)).toHaveLength(missing);
    expect(texts.join(' ')).toContain(`no finite loss at ${missing} of 25 points`);
  });

  it('draws every k-th of many points, both ends among them, and says so', async () => {
    const { panels, texts } = await draw(barrierCurve({ long }));
    const points = itemsOf(panels[0]!, 'symbol').map(({ x }) => panels[0]!.across(x));
    expect(points).toHaveLength(251);
    expect([points[0], points.at(-1)]).toEqual([expect.closeTo(0, 6), expect.closeTo(1, 6)]);
    expect(texts.join(' ')).toContain('drawn: 251 of 1,001 points');
  });

  it('draws no baseline from an end that it does not know', async () => {
    const lines = itemsOf((await draw(barrierCurve({ brokenEnd }))).panels[0]!, 'line');
    expect(lines.filter(({ datum }) => datum.baseline !== undefined)).toHaveLength(0);
  });

  it('says the heights of the barriers, and the unit that it is told', async () => {
    const { texts, panels } = await draw(barrierCurve({ hill }, { lossTitle: 'cross-entropy (nats)' }));
    // From (λ − ½)²: the mean of the ends is 1.5 and the higher 2; the curve's top on 25 points is at λ = 15/24.
    const top = 1 + 15 / 24 + 4 * (15 / 24) * (9 / 24);
    const digits = (value: number) => String(Number(value.toPrecision(3)));
    expect(texts.join(' ')).toContain(`linear 1, mean ${digits(top - 1.5)}, endpoint ${digits(top - 2)}`);
    expect(panels[0]!.axes).toContain('cross-entropy (nats)');
  });

  it('refuses a λ or a barrier that is NaN, and lists of different lengths', () => {
    const lambdas = [0, Number.NaN];
    expect(() => barrierCurve({ pair: { ...ends, lambdas } })).toThrow(
      new RangeError('barrierCurve: pairs.pair.lambdas[1] must be a finite number, got NaN.'),
    );
    expect(() => barrierCurve({ pair: { ...ends, barrier: { ...ends.barrier, mean: Number.NaN } } })).toThrow(
      'barrier.mean',
    );
    expect(() => barrierCurve({ pair: { ...ends, losses: [1] } })).toThrow('pairs.pair.losses must be a list of 2');
  });
});
