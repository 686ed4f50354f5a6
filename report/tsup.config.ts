import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { index: 'src/index.ts', command: 'src/command/index.ts' },
  format: 'esm',
  target: 'es2022',
  // A command has no types to tell.
  dts: { entry: { index: 'src/index.ts' } },
  splitting: true,
  clean: true,
});
