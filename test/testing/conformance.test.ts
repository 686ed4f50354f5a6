import type { Backend } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { backendConformance, conformanceCases } from 'dark-knowledge/testing';
import { describe, expect, it } from 'vitest';
import { strictBackend } from '../../src/testing/strictBackend.ts';
import { cpuMutants } from './cpuMutants.ts';
import { deviceMutants, lifetimeMutants } from './lifetimeMutants.ts';
import { blindToViews, membersBlindToViews } from './viewMutants.ts';

/** The first requirement that does not hold. */
async function caughtBy<T>(backend: Backend<T>): Promise<string | undefined> {
  for (const { title, check } of conformanceCases(backend)) {
    try {
      await check();
    } catch {
      return title;
    }
  }
  return undefined;
}

describe('the conformance kit', () => {
  it('holds for backends without a fault, with tensors that are freed or not and that can be read at once or not', async () => {
    for (const backend of [cpuBackend(), cpuBackend({ precision: 'float64' })]) {
      await expect(backendConformance(backend)).resolves.toBeDefined();
    }
    for (const readable of [true, false])
      await expect(backendConformance(strictBackend(readable))).resolves.toBeDefined();
  });

  it('has a title of its own for every requirement', () => {
    const titles = conformanceCases(cpuBackend()).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
    expect(titles.length).toBeGreaterThan(200);
  });

  it('lists every requirement that does not hold, with what was expected and what came', async () => {
    const wrong = { ...cpuBackend(), ...cpuMutants['subtract turns its sides round'] };
    await expect(backendConformance(wrong)).rejects.toThrow(
      /^backendConformance: cpu fails \d+ of \d+ requirements:\n- subtract .*: must be shape \[2, 3\], data \[.*\], got shape/,
    );
  });
});

describe('the conformance kit catches', () => {
  it.each(Object.entries(cpuMutants))('%s', async (_, fault) => {
    expect(await caughtBy({ ...cpuBackend(), ...fault })).toBeDefined();
  });

  it.each(membersBlindToViews)('%s that reads a transposed tensor in its old order', async (member) => {
    expect(await caughtBy(blindToViews(member))).toBeDefined();
  });

  it.each(Object.entries(lifetimeMutants))('%s', async (_, plant) => {
    const backend = strictBackend();
    expect(await caughtBy({ ...backend, ...plant(backend) })).toBeDefined();
  });

  it.each(Object.entries(deviceMutants))('%s', async (_, plant) => {
    const backend = strictBackend(false);
    expect(await caughtBy({ ...backend, ...plant(backend) })).toBeDefined();
  });
});
