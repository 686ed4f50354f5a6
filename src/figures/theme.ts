/** Colours, shapes and dashes, chosen so that no reading depends on colour alone. */
import type { Config, Scale } from './specification.ts';

/** Text and the marks that carry a figure's main line. */
export const ink = '#222222';
/** Baselines, bounds and notes: readable as text on white (contrast 5.7). */
export const muted = '#666666';
/** Grid lines and what has no value. */
export const faint = '#e3e3e3';

/**
 * After Okabe and Ito: any two differ by 16 or more (CIELAB) under each form of colour blindness, and the first five stand
 * out from white by 3 to 1 or more. Their yellow is too pale for that, and left out.
 */
export const colours = ['#0072b2', '#d55e00', '#009e73', '#c96d9f', '#333333', '#e69f00', '#56b4e9'] as const;
/** Six shapes, and six dashes, over seven colours: 42 pairs before one repeats. */
const shapes = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down'] as const;
const dashes: readonly (readonly number[])[] = [
  [1, 0],
  [6, 3],
  [2, 2],
  [9, 3, 2, 3],
  [12, 4],
  [4, 1, 1, 1],
];

/** The colour of the k-th model. */
export function colourOf(index: number): string {
  return colours[index % colours.length]!;
}

/** The scales that give each name its colour, its shape and its dash: the same ones wherever `all` is the same. */
export interface SeriesScales {
  readonly color: Scale;
  readonly shape: Scale;
  readonly strokeDash: Scale;
  readonly colour: (name: string) => string;
}

/**
 * Scales of the names that a figure shows.
 *
 * @param all Every name of a page, in order, so that a model looks the same in each figure; names beyond it come after.
 */
export function seriesScales(names: readonly string[], all: readonly string[] = []): SeriesScales {
  const order = [...new Set([...all, ...names])];
  const pick = <Value>(values: readonly Value[]): Value[] =>
    names.map((name) => values[order.indexOf(name) % values.length]!);
  const domain = [...names];
  return {
    color: { domain, range: pick<string>(colours) },
    shape: { domain, range: pick<string>(shapes) },
    strokeDash: { domain, range: pick(dashes.map((dash) => [...dash])) },
    colour: (name) => colourOf(order.indexOf(name)),
  };
}

/** The look of every figure. */
export function config(): Config {
  return {
    font: 'system-ui, "Helvetica Neue", Arial, sans-serif',
    view: { stroke: null },
    axis: {
      domainColor: '#888888',
      gridColor: faint,
      labelColor: ink,
      labelFontSize: 11,
      tickColor: '#888888',
      titleColor: ink,
      titleFontSize: 12,
      titleFontWeight: 'normal',
    },
    legend: {
      labelColor: ink,
      labelFontSize: 11,
      titleColor: ink,
      titleFontSize: 12,
      titleFontWeight: 'normal',
      orient: 'bottom',
      titleLimit: 0,
    },
    title: {
      anchor: 'start',
      frame: 'group',
      align: 'left',
      color: ink,
      fontSize: 13,
      fontWeight: 'bold',
      subtitleColor: muted,
      subtitleFontSize: 11,
      subtitlePadding: 3,
      offset: 8,
    },
  };
}
