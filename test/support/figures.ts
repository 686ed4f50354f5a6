/** Draws figures as a page would, and reads them as a person would: marks against the ticks of their axes. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import type { Figure, FigureOptions } from 'dark-knowledge/figures';
import { type logger as makeLogger, parse, View } from 'vega';
import { compile } from 'vega-lite';
import { describe, expect, it } from 'vitest';

const schemaFile = fileURLToPath(import.meta.resolve('vega-lite/vega-lite-schema.json'));
// The schema has a thousand definitions: unoptimised, they are compiled in a third of the time.
const ajv = new Ajv({
  strict: false,
  validateFormats: false,
  validateSchema: false,
  inlineRefs: false,
  code: { optimize: false },
});
const validate = ajv.compile(JSON.parse(readFileSync(schemaFile, 'utf8')));

/** A mark as it was drawn, in pixels from its panel's top left corner. */
export interface DrawnItem {
  readonly x: number;
  readonly y: number;
  readonly x2?: number;
  readonly y2?: number;
  readonly width?: number;
  readonly height?: number;
  readonly fill?: string;
  readonly stroke?: string;
  readonly shape?: string;
  readonly strokeDash?: readonly number[];
  readonly text?: string | readonly string[];
  readonly fontSize?: number;
  readonly defined?: boolean;
  readonly datum: Readonly<Record<string, unknown>>;
}

/** Marks of one layer. */
export interface DrawnLayer {
  readonly kind: string;
  readonly items: readonly DrawnItem[];
}

/** A plot with its axes. */
export interface DrawnPanel {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly layers: readonly DrawnLayer[];
  /** Titles of its axes. */
  readonly axes: readonly string[];
  /** Labels of its horizontal and its vertical axis. */
  readonly labels: { readonly x: readonly string[]; readonly y: readonly string[] };
  /** The value at a pixel, by the ticks of the horizontal axis. */
  across(pixel: number): number;
  /** The same for the vertical axis. */
  up(pixel: number): number;
}

/** A figure as it was drawn. */
export interface Drawing {
  readonly svg: string;
  readonly width: number;
  readonly warnings: readonly string[];
  readonly panels: readonly DrawnPanel[];
  readonly legend: readonly string[];
  readonly texts: readonly string[];
}

interface SceneMark {
  readonly marktype?: string;
  readonly role?: string;
  readonly name?: string;
  readonly items: readonly SceneItem[];
}
interface Scale {
  invert?(pixel: number): number;
}
type SceneItem = DrawnItem & { readonly items?: readonly SceneMark[]; readonly orient?: string };

/** Compiles and draws a figure to SVG, without a browser. */
export async function draw(figure: Figure): Promise<Drawing> {
  const warnings: string[] = [];
  const keep = (...words: readonly unknown[]) => {
    warnings.push(words.join(' '));
    return logger;
  };
  const logger: ReturnType<typeof makeLogger> = {
    level: () => logger,
    error: keep,
    warn: keep,
    info: () => logger,
    debug: () => logger,
  };
  const { spec } = compile(figure, { logger });
  const view = new View(parse(spec), { renderer: 'none', logger });
  const svg = await view.toSVG();
  const { root } = view.scenegraph() as unknown as { readonly root: SceneMark };
  const scales = (name: string): Scale => view.scale(name) as Scale;
  const marks = [...everyMark(root)];
  const textOf = (role: RegExp) => marks.filter((mark) => role.test(mark.role ?? '')).flatMap(linesOf);
  return {
    svg,
    width: Number(/width="([\d.]+)"/.exec(svg)![1]),
    warnings,
    panels: marks
      .filter(({ role }) => role === 'scope' || role === 'frame')
      .flatMap(({ items, name = '' }) => items.map((item) => ({ item, name })))
      .filter(({ item }) => (item.items ?? []).some(({ role }) => role === 'mark'))
      .map(({ item, name }) => panelOf(item, (axis) => scales(name.replace(/group$/, axis)))),
    legend: textOf(/^legend-label$/),
    texts: marks.filter(({ marktype }) => marktype === 'text').flatMap(linesOf),
  };
}

function* everyMark(mark: SceneMark): Generator<SceneMark> {
  yield mark;
  for (const item of mark.items) for (const child of item.items ?? []) yield* everyMark(child);
}

function linesOf({ items }: SceneMark): string[] {
  return items.flatMap(({ text }) => (text === undefined ? [] : typeof text === 'object' ? text : [String(text)]));
}

function panelOf(item: SceneItem, scaleOf: (axis: 'x' | 'y') => Scale): DrawnPanel {
  const children = item.items ?? [];
  const axes = children.filter(({ role }) => role === 'axis').flatMap(({ items }) => items);
  const along = (field: 'x' | 'y') => {
    const own = axes.filter(({ orient }) => /^(top|bottom)$/.test(orient!) === (field === 'x'));
    const marks = own.flatMap(({ items }) => items ?? []);
    const ticks = marks
      .filter(({ role }) => /axis-(tick|grid)/.test(role ?? ''))
      .flatMap(({ items }) => items)
      .map((tick) => ({ pixel: tick[field], value: Number(tick.datum.value) }))
      .sort((first, second) => first.value - second.value);
    const labels = marks
      .filter(({ role }) => role === 'axis-label')
      .flatMap(({ items }) => items)
      .map(({ text }) => (typeof text === 'object' ? text.join(' ') : String(text)));
    const read = (pixel: number): number => {
      const [first, last] = [ticks[0]!, ticks.at(-1)!];
      const byTicks = first.value + ((pixel - first.pixel) / (last.pixel - first.pixel)) * (last.value - first.value);
      const exactly = scaleOf(field).invert!(pixel);
      // Ticks lie on whole pixels: the axis may say half a pixel more or less at either end.
      const pixelSize = Math.abs((last.value - first.value) / (last.pixel - first.pixel));
      expect(Math.abs(byTicks - exactly)).toBeLessThan((1 + Math.abs(pixel - first.pixel) / 40) * pixelSize);
      return exactly;
    };
    return { labels, read };
  };
  const [x, y] = [along('x'), along('y')];
  const titles = axes.flatMap(({ items }) => items ?? []).filter(({ role }) => role === 'axis-title');
  const heading = children.filter(({ role }) => role === 'title').flatMap(({ items }) => items);
  return {
    title: heading
      .flatMap(({ items }) => items ?? [])
      .filter(({ role }) => role === 'title-text')
      .flatMap(linesOf)
      .join(' '),
    width: item.width!,
    height: item.height!,
    layers: children
      .filter(({ role }) => role === 'mark')
      .map((mark) => ({ kind: mark.marktype!, items: mark.items }))
      // Lines are groups of one line each where they have several colours.
      .concat(
        children
          .filter(({ role }) => role === 'scope')
          .map(({ items }) => ({
            kind: 'line',
            items: items.flatMap((group) => (group.items ?? []).flatMap(({ items: points }) => [...points])),
          })),
      ),
    axes: titles
      .flatMap(({ items }) => items)
      .map(({ text }) => (typeof text === 'object' ? text.join(' ') : String(text))),
    labels: { x: x.labels, y: y.labels },
    across: x.read,
    up: y.read,
  };
}

/** The items of a panel's layers of a kind, in the order of the layers. */
export function itemsOf(panel: DrawnPanel, kind: string): readonly DrawnItem[] {
  return panel.layers.filter((layer) => layer.kind === kind).flatMap(({ items }) => items);
}

/** A figure at the two widths at which it must be readable. */
export interface FigureCase {
  readonly title: string;
  readonly figure: (options: FigureOptions) => Figure;
}

/** Where a specification holds what JSON would lose: NaN, undefined, a typed array, a function. */
function* notPlain(value: unknown, path = 'figure'): Generator<string> {
  if (value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value)) return;
  const prototype = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== Object.prototype && prototype !== Array.prototype) return yield `${path}: ${String(value)}`;
  for (const [key, part] of Object.entries(value as object)) yield* notPlain(part, `${path}.${key}`);
}

/** Declares what must hold of every figure: its form, its size, its words. */
export function describeFigure(name: string, cases: readonly FigureCase[]): void {
  describe(`${name} as a specification`, () => {
    for (const { title, figure } of cases) {
      for (const width of [640, 320]) {
        it(`is valid, plain, drawn without a warning and no wider than ${width}: ${title}`, async () => {
          const made = figure({ width });
          validate(made);
          expect(validate.errors ?? []).toEqual([]);
          expect([...notPlain(made)]).toEqual([]);
          const { svg, warnings, width: drawn, texts } = await draw(made);
          expect(warnings).toEqual([]);
          expect(drawn).toBeLessThanOrEqual(width);
          expect(/NaN|undefined|Infinity|\[object/.exec(svg)?.[0]).toBeUndefined();
          expect(texts.join(' ')).not.toMatch(/NaN|undefined|null|\[object/);
        });
      }

      it(`says what it shows: ${title}`, () => {
        const { description, title: heading } = figure({});
        expect(description).toMatch(/^[A-Z].{30,}\.$/s);
        expect(description).not.toMatch(/NaN|undefined|null|\[object/);
        expect(heading.text.join(' ').length).toBeGreaterThan(5);
        expect(figure({ title: 'Another heading' }).title.text).toEqual(['Another heading']);
      });

      it(`is the same for the same result: ${title}`, () => {
        expect(figure({})).toEqual(figure({}));
      });
    }

    it('refuses a width out of range, and an option that it does not know', () => {
      const { figure } = cases[0]!;
      expect(() => figure({ width: 100 })).toThrow(`${name}: width must be in [240, 2000], got 100.`);
      expect(() => figure({ width: Number.NaN })).toThrow(`${name}: width must be a finite number, got NaN.`);
      expect(() => figure({ widht: 300 } as object)).toThrow(RangeError);
    });
  });
}
