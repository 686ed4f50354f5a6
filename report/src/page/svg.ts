/** Figures as SVG, drawn where the report is written: the page needs no script. */
import type { Figure } from 'dark-knowledge/figures';
import { parse, View } from 'vega';
import { compile } from 'vega-lite';

/**
 * A figure as SVG for a page of many. Its name to a screen reader is that of the element around it, so the names of single
 * marks, of which there are thousands, are left out.
 *
 * @param prefix Begins its ids, which are the page's too.
 */
export async function svgOf(figure: Figure, prefix: string): Promise<string> {
  const view = new View(parse(compile(figure).spec), { renderer: 'none' });
  const failures: string[] = [];
  const logger: ReturnType<typeof view.logger> = {
    level: () => logger,
    error(...said: readonly unknown[]) {
      failures.push(said.join(' '));
      return logger;
    },
    warn: () => logger,
    info: () => logger,
    debug: () => logger,
  };
  const svg = await view.logger(logger).toSVG();
  // Vega tells of an error, and goes on with an empty picture.
  if (failures.length > 0) throw new Error(`The figure ${figure.description} cannot be drawn: ${failures.join('; ')}.`);
  const ids = new Map<string, string>();
  for (const [, id] of svg.matchAll(/<[^>]* id="([^"]*)"/g)) ids.set(id!, `${prefix}-${ids.size}`);
  return svg
    .replace(/<[^>]*>/g, (tag) =>
      tag
        .replace(/ (aria-[a-z]+|role|tabindex|version|xmlns:xlink|xmlns)="[^"]*"/g, '')
        .replace(/( id="|url\(#)([^")]*)/g, (whole, before: string, id: string) => {
          const own = ids.get(id);
          return own === undefined ? whole : before + own;
        }),
    )
    .replace('<svg', '<svg aria-hidden="true" focusable="false"');
}
