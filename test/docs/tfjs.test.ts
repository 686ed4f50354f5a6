import { beforeAll, describe, expect, it, vi } from 'vitest';
import { runGuide } from '../support/guide.ts';

describe('the guide to TensorFlow.js', () => {
  const said: unknown[] = [];

  beforeAll(async () => {
    const log = vi.spyOn(console, 'log').mockImplementation((...values) => said.push(...values));
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    await runGuide('docs/tfjs.md');
    for (const spy of [log, warn]) spy.mockRestore();
  });

  it('trains as it says, is stopped and resumed, and measures', () => {
    const numbers = said.slice(0, said.indexOf('AbortError'));
    const [interrupted, resumed, ece, ...rest] = said.slice(numbers.length);
    // Four numbers an epoch: its number, the loss, a term and the accuracy.
    const epochs = numbers.filter((_, at) => at % 4 === 0);
    expect(epochs).toEqual(epochs.map((_, at) => at + 1));
    expect(epochs.length).toBeGreaterThanOrEqual(3);
    expect(numbers.at(-3)).toBeLessThan(numbers[1] as number);
    expect([interrupted, resumed]).toEqual(['AbortError', [3, 4]]);
    expect(ece).toBeGreaterThan(0);
    expect(ece).toBeLessThan(1);
    expect(rest).toEqual([]);
  });
});
