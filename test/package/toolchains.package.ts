/** The tools that the repository has itself; `npm run test:toolchains` tries the others. */
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPage } from '../support/browser.ts';
import { namesInUse, type Project, pack, projectWith, rightAnswer, useOfTheLibrary } from '../support/project.ts';
import { scriptOfEveryEntry, typeCheck } from '../support/typeCheck.ts';

const compiler = fileURLToPath(new URL('../../node_modules/typescript', import.meta.url));
const script = `import { ${namesInUse} } from 'dark-knowledge';${useOfTheLibrary}`;
let project: Project;

beforeAll(() => {
  project = projectWith(pack());
});

afterAll(() => project.remove());

describe('types of the packed tarball', () => {
  beforeAll(() => {
    project.write('script.ts', scriptOfEveryEntry);
    project.link('@webgpu/types');
  });

  it('are found without the DOM library, without types of WebGPU, and without skipLibCheck', () => {
    typeCheck(project, compiler, { module: 'NodeNext', lib: ['ES2022'], types: [] });
  });

  it('are found by the resolution of bundlers, with the DOM library and @webgpu/types', () => {
    const options = { module: 'ESNext', moduleResolution: 'Bundler', types: ['@webgpu/types'] };
    // The declarations of @webgpu/types and those of TypeScript 6's own DOM library contradict each other.
    typeCheck(project, compiler, { ...options, skipLibCheck: true });
  });

  it('are found by the resolution of Node 10', () => {
    const options = { module: 'ESNext', moduleResolution: 'Node10', ignoreDeprecations: '6.0', types: [] };
    typeCheck(project, compiler, options);
  });

  it('are those of WebGPU where a program has them: an object that is no device is refused', () => {
    project.write(
      'wrong.ts',
      "import { webgpuBackend } from 'dark-knowledge/webgpu';\nwebgpuBackend({ limits: {} });\n",
    );
    const options = { module: 'NodeNext', lib: ['ES2022', 'DOM'], types: [] };
    expect(() => typeCheck(project, compiler, options, 'wrong.ts')).toThrow(/error TS\d+: [^\n]*GPU/);
  });
});

describe('the packed tarball in a bundler', () => {
  it('is plain modules: Rollup reads it without a plugin and without a warning', async () => {
    const entry = script.replace("'dark-knowledge'", "'./node_modules/dark-knowledge/dist/index.js'");
    const warnings: string[] = [];
    const bundle = await rollup({
      input: project.write('rollup.js', `${entry}\nexport { answer };`),
      onwarn: ({ message }) => warnings.push(message),
    });
    const { output } = await bundle.generate({ format: 'es' });
    expect(warnings).toEqual([]);
    expect(output[0].imports).toEqual([]);
    project.write('rollup.out.mjs', output[0].code);
    const run = "import { answer } from './rollup.out.mjs'; console.log(answer);";
    expect(project.run(process.execPath, ['--input-type=module', '-e', run]).trim()).toBe(rightAnswer);
  });
});

describe('a content-security policy', () => {
  const policies = [
    ["default-src 'none'; script-src 'self'", 'that forbids WebAssembly and workers', false],
    ["default-src 'none'; script-src 'self' 'wasm-unsafe-eval'", 'that allows WebAssembly', true],
  ] as const;
  for (const [policy, what, compiles] of policies) {
    it(`${what}: the same numbers, nothing refused`, async ({ skip }) => {
      const { build } = await import('esbuild');
      const { outputFiles } = await build({
        stdin: {
          contents: `
addEventListener('securitypolicyviolation', ({ violatedDirective }) => (globalThis.violations ??= []).push(violatedDirective));
${script}
import { wasmIsSupported } from 'dark-knowledge/wasm';
globalThis.violations ??= [];
globalThis.compiles = wasmIsSupported();
globalThis.answer = answer;`,
          resolveDir: project.path,
        },
        bundle: true,
        format: 'esm',
        write: false,
        platform: 'browser',
      });
      const headers = { 'content-security-policy': policy };
      const html = '<!doctype html><title>policy</title><script type="module" src="/main.js"></script>';
      const opened = await openPage(
        {
          '/': { type: 'text/html', body: html, headers },
          '/main.js': { type: 'text/javascript', body: outputFiles[0]!.text, headers },
        },
        false,
      );
      if ('missing' in opened) return skip(opened.missing);
      try {
        await opened.page.waitForFunction(() => 'answer' in globalThis, undefined, { timeout: 30_000 });
        const seen = await opened.page.evaluate(() => {
          const { answer, compiles, violations } = globalThis as unknown as Record<string, unknown>;
          return { answer, compiles, violations };
        });
        // An attempt to compile is what the policy refuses, and how the library finds out; nothing else may be.
        const { violations, ...rest } = seen;
        expect(rest).toEqual({ answer: rightAnswer, compiles });
        expect((violations as string[]).filter((directive) => !directive.startsWith('script-src'))).toEqual([]);
        if (compiles) expect(violations).toEqual([]);
      } finally {
        await opened.close();
      }
    });
  }
});
