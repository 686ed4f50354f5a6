import { defineConfig } from 'tsup';
import { entryNames } from './scripts/entries.ts';
import { lightenSources } from './scripts/lighten.ts';

export default defineConfig({
  entry: Object.fromEntries(
    entryNames.map((name) => [name, name === 'index' ? 'src/index.ts' : `src/${name}/index.ts`]),
  ),
  format: 'esm',
  target: 'es2022',
  dts: true,
  // One copy of each loss factory, shared by all entries: fused kernels find their loss by identity.
  splitting: true,
  clean: true,
  esbuildPlugins: [lightenSources],
  external: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-webgpu'],
});
