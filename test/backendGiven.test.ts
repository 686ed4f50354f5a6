import * as library from 'dark-knowledge';
import { describe, expect, it } from 'vitest';

/** Every function of the public list that takes a backend first. */
const takesBackend = Object.entries(library).filter(([name]) => name.endsWith('On'));

describe('a function that takes a backend says so where it is left out:', () => {
  for (const [name, call] of takesBackend) {
    it(name, async () => {
      expect(takesBackend.length).toBeGreaterThan(12);
      const metrics = { accuracy: library.accuracy() };
      const inputs = [name.includes('All') ? metrics : library.klDivergence(), {}, {}] as const;
      for (const given of [undefined, null, {}, library.klDivergence()]) {
        const run = async (): Promise<unknown> => (call as (...values: unknown[]) => unknown)(given, ...inputs);
        await expect(run()).rejects.toThrow(/^\w+On: backend must be a backend, such as tfjsBackend\(\), got /);
      }
    });
  }
});
