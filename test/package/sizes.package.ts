import { describe, expect, it } from 'vitest';
import { pagesOfSizes, sizesIn, weigh } from '../../scripts/sizes.ts';

describe('the sizes that the pages state (`npm run sizes` writes them anew)', () => {
  for (const page of pagesOfSizes) {
    const rows = sizesIn(page);

    it(`of ${page} are some`, () => {
      expect(rows.length).toBeGreaterThan(3);
    });

    for (const { imported, kilobytes } of rows) {
      it(`of ${page}, for ${imported}: ${kilobytes} KB, within a tenth`, async () => {
        const weight = await weigh(imported);
        expect(Math.abs(weight - kilobytes), `it is ${weight.toFixed(1)} KB`).toBeLessThanOrEqual(kilobytes / 10);
      });
    }
  }
});
