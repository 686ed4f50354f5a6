import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));

async function bundle(source: string): Promise<{ readonly text: string; readonly gzip: number }> {
  const result = await build({
    stdin: { contents: source, resolveDir: dist },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    platform: 'browser',
    external: ['@tensorflow/*'],
  });
  const { text, contents } = result.outputFiles[0]!;
  return { text, gzip: gzipSync(contents, { level: 9 }).length };
}

describe('what a bundler keeps', () => {
  it('of one loss with its …On runner: at most 3 KB gzip, no metric, no backend', async () => {
    const { text, gzip } = await bundle(
      "import { evaluateOn, klDivergence, valueAndGradientsOn } from './index.js'; console.log(evaluateOn, valueAndGradientsOn, klDivergence());",
    );
    expect(gzip).toBeLessThanOrEqual(3 * 1024);
    expect(text).toContain('klDivergence');
    expect(text).not.toMatch(/cpuBackend|wasmBackend|calibrationError|accuracy|crossEntropy/);
  });

  it('of an unused factory call: nothing', async () => {
    const { text } = await bundle(
      "import { klDivergence } from './index.js'; klDivergence({ temperature: 2 }); console.log(1);",
    );
    expect(text.trim()).toBe('console.log(1);');
  });

  it('of one loss with the plain runner: the loss and the host backend, no metric', async () => {
    const { text } = await bundle(
      "import { evaluate, klDivergence } from './index.js'; console.log(evaluate, klDivergence());",
    );
    expect(text).toContain('cpuBackend');
    expect(text).not.toMatch(/temperatureScaling|multidimensionalScaling|iterativeFgsm|errorOverlap/);
  });

  it('of tfjsLoss with one loss: no host backend and no metric', async () => {
    const { text } = await bundle(
      "import { klDivergence } from './index.js'; import { tfjsLoss } from './tfjs.js'; console.log(tfjsLoss(klDivergence()));",
    );
    expect(text).not.toMatch(/cpuBackend|wasmBackend|calibrationError/);
  });
});
