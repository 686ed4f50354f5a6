/** What the page shows: text by its id, and figures that fit their place. */
import type { Figure } from 'dark-knowledge/figures';
import vegaEmbed, { type Result } from 'vega-embed';

/** A figure for a width in pixels. */
export type FigureOf = (options: { readonly width: number }) => Figure;

const drawn = new Map<string, { readonly figureOf: FigureOf; readonly result: Result }>();

/** Puts text into the element of this id. */
export function show(id: string, text: string): void {
  const element = document.getElementById(id);
  if (element) element.textContent = text;
}

/** Draws a figure into the element of this id, in place of the one before. */
export async function drawFigure(id: string, figureOf: FigureOf): Promise<void> {
  const place = document.getElementById(id);
  if (place === null) return;
  const figure = figureOf({ width: Math.max(240, Math.min(2000, place.clientWidth)) });
  // Drawn aside and then put in, the new picture takes the old one's place without a flicker.
  const aside = document.createElement('div');
  const result = await vegaEmbed(aside, figure, { actions: false, renderer: 'svg' });
  place.replaceChildren(aside);
  drawn.get(id)?.result.finalize();
  drawn.set(id, { figureOf, result });
}

let waiting: ReturnType<typeof setTimeout> | undefined;
addEventListener('resize', () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    for (const [id, { figureOf }] of drawn) void drawFigure(id, figureOf);
  }, 200);
});
