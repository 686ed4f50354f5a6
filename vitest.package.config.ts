import { defineConfig } from 'vitest/config';

// Tests of the built package: they need `npm run build` first, and a registry for the tarball's one dependency.
export default defineConfig({
  test: { include: ['test/package/*.package.ts'], testTimeout: 180_000, hookTimeout: 180_000 },
});
