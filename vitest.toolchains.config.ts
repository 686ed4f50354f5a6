import { defineConfig } from 'vitest/config';

// The packed tarball in the tools that users have; `npm run test:toolchains` installs them. Needs `npm run build` first.
export default defineConfig({
  test: {
    include: ['test/toolchains/*.toolchain.ts'],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    fileParallelism: false,
  },
});
