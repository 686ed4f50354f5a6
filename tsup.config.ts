import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    cpu: 'src/cpu/index.ts',
    wasm: 'src/wasm/index.ts',
    tfjs: 'src/tfjs/index.ts',
    webgpu: 'src/webgpu/index.ts',
    files: 'src/files/index.ts',
    authoring: 'src/authoring/index.ts',
    figures: 'src/figures/index.ts',
    testing: 'src/testing/index.ts',
  },
  format: 'esm',
  target: 'es2022',
  dts: true,
  // One copy of each loss factory, shared by all entries: fused kernels find their loss by identity.
  splitting: true,
  clean: true,
  external: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-webgpu'],
});
