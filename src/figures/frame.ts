/** What all figures have in common: their options, their size, their headings. */
import { finite, knownOptions, outOfRange, text } from './refusals.ts';
import type { Column, Figure, Layer, Legend, Panel, Resolution, Title } from './specification.ts';
import { config } from './theme.ts';
import { drawable, inExpression, shortened, textWidth, wrapped } from './words.ts';

/** Options that every figure takes. */
export interface FigureOptions {
  /**
   * Pixels from the left edge to the right one, axes included: 240 to 2000, default 640. Letters keep their size, so ask for
   * the width at which the figure is shown; at 320 panels stand one below the other.
   */
  readonly width?: number;
  /** The heading, in place of the figure's own. */
  readonly title?: string;
}

/** Options of figures that give each model a colour, a shape and a dash. */
export interface ModelFigureOptions extends FigureOptions {
  /** All models of a page, in order: each then looks the same in every figure, those that show only some among them. */
  readonly models?: readonly string[];
}

const padding = 8;
/** Pixels between two panels. */
const gap = 16;
const smallFont = 11;
const largeFont = 13;

/** Checked options, and the pixels within the padding. */
export interface Frame {
  readonly where: string;
  readonly inside: number;
  readonly title: string | undefined;
}

/** Reads the common options; `others` names those of the figure itself. */
export function frameOf(where: string, options: FigureOptions, others: readonly string[] = []): Frame {
  knownOptions(where, options, ['width', 'title', ...others]);
  const { width = 640, title } = options;
  finite(where, 'width', width);
  if (width < 240 || width > 2000) throw outOfRange(where, 'width', 'in [240, 2000]', width);
  if (title !== undefined) text(where, 'title', title);
  return { where, inside: Math.floor(width) - 2 * padding, title };
}

/** How panels share the width. */
export interface Grid {
  readonly columns: number;
  /** Pixels of each plot, without its axes. */
  readonly plot: number;
  /** Pixels that a panel's heading may take. */
  readonly heading: number;
}

/**
 * As many panels beside each other as fit.
 *
 * @param margin Pixels that axes take to the left and right of a plot.
 * @param least Pixels that a plot needs.
 * @param most Pixels beyond which a plot gains nothing.
 */
export function gridOf(
  { inside }: Frame,
  panels: number,
  { margin, least, most }: { readonly margin: number; readonly least: number; readonly most: number },
): Grid {
  const fitting = Math.floor((inside + gap) / (least + margin + gap));
  const columns = Math.max(1, Math.min(panels, fitting));
  const share = Math.floor((inside - (columns - 1) * gap) / columns);
  const plot = Math.min(most, share - margin);
  return { columns, plot, heading: columns === 1 ? inside - margin : plot };
}

/** A heading over lines that fit a width. */
export function heading(title: string, notes: readonly string[], width: number): Title {
  const subtitle = notes.filter((note) => note !== '').flatMap((note) => wrapped(note, width, smallFont));
  return { text: wrapped(title, width, largeFont), ...(subtitle.length > 0 && { subtitle }) };
}

/** A legend below the plot, in as many columns as its names leave room for; none for a single name. */
export function legendBelow(names: readonly string[], width: number, symbol: Legend): Legend | null {
  if (names.length < 2) return null;
  const longest = Math.max(...names.map((name) => textWidth(name, smallFont)));
  const columns = Math.max(1, Math.min(names.length, Math.floor(width / (longest + 40))));
  const labels = Object.fromEntries(names.map((name) => [drawable(name), shortened(name, width - 40, smallFont)]));
  return {
    title: null,
    orient: 'bottom',
    columns,
    labelLimit: 0,
    // Cut in the middle, as on an axis, and not at the end, where names differ.
    ...(longest > width - 40 && { labelExpr: `${inExpression(labels)}[datum.label]` }),
    ...symbol,
  };
}

/** A legend of shades below the plot. */
export function shadesBelow(title: string, format?: string): Legend {
  return {
    title,
    orient: 'bottom',
    direction: 'horizontal',
    gradientLength: 160,
    gradientThickness: 10,
    tickCount: 3,
    ...(format !== undefined && { format }),
  };
}

/** Layers that draw something: Vega warns of a scale over no data. */
export function filled(layers: readonly Layer[]): Layer[] {
  return layers.filter(({ data }) => data.values.length > 0);
}

/** All numbers below `length`, or every k-th and the last where there are more than `most`. */
export function everyKth(length: number, most: number): number[] {
  const every = Math.ceil(length / most);
  return Array.from({ length }, (_, index) => index).filter((index) => index % every === 0 || index === length - 1);
}

/** What a figure adds to the frame. */
export interface FrameContent {
  /** The figure's own heading. */
  readonly title: string;
  /** Sentences under it: counts, what the marks mean, what was left out. */
  readonly notes: readonly string[];
  /** What the figure shows, in words. */
  readonly description: string;
  readonly views: readonly (Panel | Column)[];
  readonly columns?: number;
  readonly shared?: readonly (keyof Resolution)[];
}

/** The whole specification. */
export function framed(frame: Frame, content: FrameContent): Figure {
  const { title, notes, description, views, columns = 1, shared = [] } = content;
  const resolution: Resolution = {};
  for (const channel of shared) resolution[channel] = 'shared';
  return withDrawableNames({
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    description,
    title: { ...heading(frame.title ?? title, notes, frame.inside), frame: 'bounds', offset: 12 },
    concat: [...views],
    columns,
    spacing: gap,
    padding,
    background: '#ffffff',
    resolve: { scale: resolution, legend: resolution },
    config: config(),
  });
}

/** The same figure, its names such as Vega draws: among its data, on its scales and over its panels. */
function withDrawableNames(figure: Figure): Figure {
  let changed = false;
  const text = JSON.stringify(figure, (_, value: unknown) => {
    if (typeof value !== 'string' || drawable(value) === value) return value;
    changed = true;
    return drawable(value);
  });
  return changed ? JSON.parse(text) : figure;
}
