import type { Backend } from 'dark-knowledge';
import { conformanceCases } from 'dark-knowledge/testing';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { runGuide } from '../support/guide.ts';

describe('the guide to writing a backend', () => {
  const said: unknown[] = [];
  let exported: Readonly<Record<string, unknown>>;

  beforeAll(async () => {
    const log = vi.spyOn(console, 'log').mockImplementation((...values) => said.push(...values));
    exported = await runGuide('docs/backend.md');
    log.mockRestore();
  });

  it('passes the conformance kit and gets the numbers that it shows', () => {
    const makeBackend = exported.bufferBackend as () => Backend<unknown>;
    expect(said[0]).toBe(`${conformanceCases(makeBackend()).length} requirements hold`);
    // By hand: T²·KL at T = 2 of the two rows is checked on every backend elsewhere; here that one number comes.
    expect(said[1]).toMatchObject({ shape: [], data: expect.any(Float32Array) });
    // The first row is right, the second is not.
    expect(said[2]).toBe(0.5);
  });
});
