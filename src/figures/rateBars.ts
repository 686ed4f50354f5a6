/** Bars of shares with their intervals, one below the other: what fooling rates and invariance are drawn by. */
import type { Frame } from './frame.ts';
import { nameAxis } from './nameAxis.ts';
import type { Panel, Row } from './specification.ts';
import { ink, type SeriesScales } from './theme.ts';
import { wilsonInterval } from './wilsonInterval.ts';
import { count, percent, textWidth } from './words.ts';

/** A share of rows. */
export interface Rate {
  readonly name: string;
  readonly hits: number;
  readonly count: number;
  /** The share; null where nothing was counted. */
  readonly value: number | null;
  /** More about the rate, where there is room for it. */
  readonly note?: string;
}

const textFont = 11;

/** A panel with a bar, an interval and its numbers for each rate. */
export function rateBarsPanel({ inside }: Frame, rates: readonly Rate[], title: string, scales: SeriesScales): Panel {
  const names = nameAxis(rates, Math.max(80, 0.3 * inside));
  const width = Math.floor(inside - names.width - 12);
  const values = rates.map((rate, index): Row => {
    const [low, high] = wilsonInterval(rate.hits, rate.count);
    const text =
      rate.value === null ? 'none to count' : `${percent(rate.value)} (${count(rate.hits)} of ${count(rate.count)})`;
    const longer = rate.note === undefined ? text : `${text}, ${rate.note}`;
    return {
      index,
      name: rate.name,
      told: sentenceOf(rate),
      value: rate.value,
      low,
      high,
      text: textWidth(longer, textFont) <= width ? longer : text,
      hits: rate.hits,
      count: rate.count,
    };
  });
  const drawn = values.filter(({ value }) => value !== null);
  const x = {
    field: 'value',
    type: 'quantitative' as const,
    scale: { domain: [0, 1] },
    axis: { title, format: '.0%', values: [0, 0.25, 0.5, 0.75, 1] },
  };
  const y = names.channel;
  return {
    width,
    height: 38 * rates.length,
    layer: [
      {
        data: { values: drawn },
        mark: { type: 'bar', height: 13, yOffset: 5, fillOpacity: 0.75 },
        encoding: {
          x,
          y,
          color: { field: 'name', type: 'nominal', scale: scales.color, legend: null },
          description: { field: 'told', type: 'nominal' },
          tooltip: [
            { field: 'name', type: 'nominal', title: 'model' },
            { field: 'value', type: 'quantitative', title: 'share', format: '.2%' },
            { field: 'low', type: 'quantitative', title: '95% interval from', format: '.2%' },
            { field: 'high', type: 'quantitative', title: 'to', format: '.2%' },
            { field: 'hits', type: 'quantitative', title: 'images', format: ',' },
            { field: 'count', type: 'quantitative', title: 'of', format: ',' },
          ],
        },
      },
      {
        data: { values: drawn },
        mark: { type: 'rule', stroke: ink, strokeWidth: 1.5, yOffset: 5, aria: false },
        encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y },
      },
      {
        data: { values },
        mark: {
          type: 'text',
          align: 'left',
          baseline: 'bottom',
          dy: -4,
          dx: 3,
          fontSize: textFont,
          color: ink,
          aria: false,
        },
        encoding: { x: { datum: 0 }, y, text: { field: 'text', type: 'nominal' } },
      },
    ],
  };
}

/** Every rate in words. */
export function rateSentences(rates: readonly Rate[]): string {
  return rates.map(sentenceOf).join(' ');
}

function sentenceOf({ name, value, hits, count: all }: Rate): string {
  if (value === null) return `${name}: none to count.`;
  return `${name}: ${percent(value)}, ${count(hits)} of ${count(all)}.`;
}
