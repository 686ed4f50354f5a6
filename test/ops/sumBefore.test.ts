import { beforeAll, describe, expect, it } from 'vitest';
import { sumBefore } from '../../src/ops/sumBefore.ts';
import { type AnyBackend, openBackend, testBackends } from '../support/backends.ts';

for (const candidate of testBackends) {
  describe(`the sum of what comes before on ${candidate.name}`, () => {
    let opened: { readonly backend: AnyBackend } | { readonly missing: string };
    beforeAll(async () => {
      opened = await openBackend(candidate);
    });

    for (const count of [1, 5, 256, 257, 1000]) {
      it(`is exact for ${count} whole numbers, and leaves nothing behind`, async (context) => {
        if ('missing' in opened) return context.skip(opened.missing);
        const { backend } = opened;
        const before = backend.tensorCount?.();
        const data = Float32Array.from({ length: 3 * count }, (_, index) => (index * 7) % 5);
        const x = backend.fromHost({ data, shape: [3, count] });
        const sums = backend.scope(() => sumBefore(backend, x));
        expect(backend.shapeOf(sums)).toEqual([3, count]);
        const got = (await backend.read(sums)).data;
        for (let row = 0; row < 3; row++) {
          let total = 0;
          for (let column = 0; column < count; column++) {
            if (got[row * count + column] !== total) expect(got[row * count + column], `${row}, ${column}`).toBe(total);
            total += data[row * count + column]!;
          }
        }
        backend.dispose(sums);
        backend.dispose(x);
        expect(backend.tensorCount?.()).toBe(before);
      });
    }
  });
}
