import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { build as viteBuild } from 'vite';
import { describe, expect, it } from 'vitest';
import * as figures from '../../src/figures/index.ts';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));

async function bundle(source: string): Promise<{ readonly text: string; readonly gzip: number }> {
  const result = await build({
    stdin: { contents: source, resolveDir: dist },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    platform: 'browser',
    logLevel: 'error',
    external: ['@tensorflow/*'],
  });
  const { text, contents } = result.outputFiles[0]!;
  return { text, gzip: gzipSync(contents, { level: 9 }).length };
}

describe('what a bundler keeps', () => {
  // Input forms and checks, of other realms and orders too, are 4.4 KB of each; similarityPreserving adds the scale of its sets,
  // klDivergence axes, vocabularies and the form that keeps its digits.
  for (const [loss, kilobytes] of [
    ['similarityPreserving', 5.8],
    ['klDivergence', 8.3],
  ] as const) {
    for (const runner of ['evaluateOn', 'valueAndGradientsOn']) {
      it(`of ${loss} with ${runner}: at most ${kilobytes} KB gzip, no metric, no backend`, async () => {
        const { text, gzip } = await bundle(
          `import { ${runner}, ${loss} } from './index.js'; console.log(${runner}, ${loss}());`,
        );
        expect(gzip).toBeLessThanOrEqual(kilobytes * 1024);
        expect(text).toContain(loss);
        expect(text).not.toMatch(/cpuBackend\(|wasmBackend\(|calibrationError|accuracy|crossEntropy|jensenShannon/);
      });
    }
  }

  it('of a factory call whose result is not used: nothing (Rollup; esbuild reads the mark within one file only)', async () => {
    const entry = join(mkdtempSync(join(tmpdir(), 'dark-knowledge-bundle-')), 'entry.js');
    writeFileSync(
      entry,
      `import { accuracy, klDivergence } from '${dist}/index.js'; klDivergence({ temperature: 2 }); accuracy(); console.log(1);`,
    );
    const outputs = await viteBuild({
      configFile: false,
      logLevel: 'silent',
      build: {
        write: false,
        minify: false,
        lib: { entry, formats: ['es'] },
        rollupOptions: { treeshake: { moduleSideEffects: false } },
      },
    });
    const [{ output }] = outputs as unknown as [{ output: { code: string }[] }];
    expect(output[0]!.code.trim()).toBe('console.log(1);');
  });

  it('of one loss with the plain runner: the loss and the host backend, no metric, no threads, at most 53.5 KB', async () => {
    const { text, gzip } = await bundle(
      "import { evaluate, klDivergence } from './index.js'; console.log(evaluate, klDivergence());",
    );
    expect(text).toContain('cpuBackend');
    expect(gzip).toBeLessThanOrEqual(53.5 * 1024);
    expect(text).not.toMatch(
      /worker_threads|temperatureScaling|multidimensionalScaling|iterativeFgsm|errorOverlap|inBatch/,
    );
  });

  it('of tfjsLoss with one loss: at most 40.8 KB gzip, the compiler among them, no host backend and no metric', async () => {
    const { text, gzip } = await bundle(
      "import { klDivergence } from './index.js'; import { tfjsLoss } from './tfjs.js'; console.log(tfjsLoss(klDivergence()));",
    );
    expect(gzip).toBeLessThanOrEqual(40.8 * 1024);
    // The last but one is of wasmBackend's options; its name alone stands in a hint.
    expect(text).not.toMatch(/cpuBackend|a whole number from 1 to 256|calibrationError/);
  });

  // The compiler and its emitter are 20 KB of it, kernels by hand 11, the loss 7; the contract's members take the rest.
  it('of webgpuBackend with one loss: at most 55.5 KB gzip, its kernels, and no other backend', async () => {
    const { text, gzip } = await bundle(
      "import { evaluateOn, klDivergence } from './index.js'; import { webgpuBackend } from './webgpu.js'; console.log(webgpuBackend, evaluateOn, klDivergence());",
    );
    expect(gzip).toBeLessThanOrEqual(55.5 * 1024);
    expect(text).toContain('crd contrast');
    // Kernels by hand know losses and metrics without holding them.
    expect(text).not.toMatch(/cpuBackend\(|wasmBackend\(|temperatureScaling|inBatch|rootMeanSquare/);
  });

  for (const [names, kilobytes] of [
    ['openNpy', 5.5],
    ['openSafetensors', 5.5],
    ['openNpz', 8],
    ['openTensors, batches', 9.5],
  ] as const) {
    it(`of { ${names} } of files: at most ${kilobytes} KB gzip, and nothing of the rest of the library`, async () => {
      const { text, gzip } = await bundle(`import { ${names} } from './files.js'; console.log(${names});`);
      expect(gzip).toBeLessThanOrEqual(kilobytes * 1024);
      expect(text).not.toMatch(/klDivergence|cpuBackend|import ?["{*]/);
    });
  }

  for (const figure of Object.keys(figures)) {
    it(`of ${figure}: at most 5 KB gzip, no metric, no Vega`, async () => {
      const { text, gzip } = await bundle(`import { ${figure} } from './figures.js'; console.log(${figure});`);
      expect(gzip).toBeLessThanOrEqual(5 * 1024);
      expect(text).toContain(figure);
      expect(text).not.toMatch(/@__NO_SIDE_EFFECTS__|logSoftmax|vega-scenegraph/);
      const others = Object.keys(figures).filter((other) => other !== figure && text.includes(`"${other}"`));
      expect(others).toEqual([]);
    });
  }
});
