import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** Tests of one kind, none of which leaves anything behind for the next. */
const suites = ['losses', 'metrics', 'figures', 'algebra', 'ops', 'contrastive', 'testing', 'teachers', 'cpu'].map(
  (room) => `test/${room}/**/*.test.ts`,
);

const webgpu = ['test/webgpu/**/*.test.ts'];
const browser = ['test/browser/**/*.test.ts', 'report/test/browser.test.ts'];

export default defineConfig({
  resolve: {
    alias: [
      { find: /^dark-knowledge$/, replacement: source('index.ts') },
      { find: /^dark-knowledge\/(\w+)$/, replacement: source('$1/index.ts') },
      {
        find: /^dark-knowledge-report$/,
        replacement: fileURLToPath(new URL('./report/src/index.ts', import.meta.url)),
      },
    ],
  },
  test: {
    // What all losses and metrics run through is loaded once a worker, TensorFlow and the library among it: a third of the time.
    projects: [
      { extends: true, test: { name: 'suites', include: suites, isolate: false } },
      // A quarter of all tests' time, most of it a software driver's compiler: a command of its own, `npm run test:webgpu`. The
      // suites above try every loss and metric on WebGPU too.
      { extends: true, test: { name: 'webgpu', include: webgpu, isolate: false } },
      // A browser takes both cores for itself: `npm run test:browser`.
      { extends: true, test: { name: 'browser', include: browser } },
      {
        extends: true,
        test: {
          name: 'rest',
          include: ['test/**/*.test.ts', 'report/test/**/*.test.ts'],
          exclude: [...suites, ...webgpu, ...browser],
        },
      },
    ],
    // A software driver that compiles shaders on a busy machine takes a minute over one test.
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // vitest leaves a core to itself, which of two is half.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
