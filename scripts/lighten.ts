/** Takes out of the sources, before they are bundled, what no bundler takes out later. Types are made from them as they are. */
import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/** A power of two in a statement of a module's own. esbuild keeps such a statement, whether or not anything reads it. */
const constantLine = /^(?:export )?const .*\b2 \*\* .*$/gm;
const power = /\b2 \*\* (-?\d+)/g;

/** Line comments, shaders' among them; not the marks that are meant for bundlers. */
const commentLine = /^\s*\/\/(?! @__).*\n/gm;
const indentation = /^[ \t]+/gm;

/** A source with its powers of two as numbers; of a room with shaders, without the text that these have for readers. */
export function lighten(source: string, hasShaders: boolean): string {
  const computed = source.replace(constantLine, (line) =>
    line.replace(power, (_, exponent) => String(2 ** Number(exponent))),
  );
  return hasShaders ? computed.replace(commentLine, '').replace(indentation, '') : computed;
}

/** The same as a plugin of esbuild's. */
export const lightenSources: Plugin = {
  name: 'lighten sources',
  setup(build) {
    build.onLoad({ filter: /[/\\]src[/\\].*\.ts$/ }, async ({ path }) => ({
      contents: lighten(await readFile(path, 'utf8'), /[/\\](?:webgpu|tfjs)[/\\]/.test(path)),
      loader: 'ts',
    }));
  },
};
