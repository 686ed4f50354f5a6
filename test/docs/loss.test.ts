import { beforeAll, describe, expect, it, vi } from 'vitest';
import { runGuide } from '../support/guide.ts';

describe('the guide to writing a loss', () => {
  const said: unknown[] = [];

  beforeAll(async () => {
    const log = vi.spyOn(console, 'log').mockImplementation((...values) => said.push(...values));
    await runGuide('docs/loss.md');
    log.mockRestore();
  });

  it('gets the numbers that it shows, and its gradient passes the check', () => {
    const [value, term, shape, input, elements, passes, claims, masked, equal, zero, ...frame] = said;
    // 1 − (24/25 + 0)/2.
    expect(value).toBeCloseTo(0.52, 12);
    expect(term).toBeCloseTo(0.52, 12);
    expect(shape).toEqual([2, 2]);
    expect([input, elements, passes]).toEqual(['studentFeatures', 6, true]);
    expect([claims, masked]).toEqual([8, true]);
    expect(equal).toBeCloseTo(0, 12);
    expect(zero).toBe(1);
    const [mean, none, accumulated, rowsPass, ...rest] = frame;
    expect(mean).toBeCloseTo(0.125, 12);
    expect(Array.from(none as Float64Array)).toEqual([mean, 0]);
    expect(accumulated).toBeCloseTo(0.0125, 12);
    expect(rowsPass).toBe(true);
    expect(rest).toEqual([]);
  });
});
