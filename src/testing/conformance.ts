/** The suite that a backend must pass: each member of the contract, on ordinary and on awkward input. */
import type { Backend } from '../backend.ts';
import { boundaryRequirements } from './boundaryRequirements.ts';
import { elementwiseRequirements } from './elementwiseRequirements.ts';
import { expectEqual } from './expectEqual.ts';
import { indexingRequirements } from './indexingRequirements.ts';
import { layoutRequirements } from './layoutRequirements.ts';
import { lifetimeCases } from './lifetimeCases.ts';
import { longRequirements } from './longRequirements.ts';
import { orderRequirements } from './orderRequirements.ts';
import { productRequirements } from './productRequirements.ts';
import { reductionRequirements } from './reductionRequirements.ts';
import { refusalCases } from './refusalCases.ts';
import type { ConformanceCase } from './requirements.ts';
import { scopeCases } from './scopeCases.ts';
import { viewRequirements } from './viewRequirements.ts';

/**
 * The contract's requirements one by one, for a test runner: `it(title, check)` for each.
 *
 * @example
 * for (const { title, check } of conformanceCases(myBackend)) it(title, check);
 */
export function conformanceCases<T>(backend: Backend<T>): readonly ConformanceCase[] {
  const requirements = [
    ...boundaryRequirements,
    ...elementwiseRequirements,
    ...longRequirements,
    ...reductionRequirements,
    ...layoutRequirements,
    ...productRequirements,
    ...indexingRequirements,
    ...orderRequirements,
    ...viewRequirements(),
  ];
  const computed = requirements.map(([title, compute, expected]) => ({
    title,
    check: async () => {
      const result = backend.scope(() => compute(backend));
      const shape = backend.shapeOf(result);
      const got = await backend.read(result);
      backend.dispose(result);
      expectEqual(title, got, shape, expected);
    },
  }));
  return [...computed, ...refusalCases(backend), ...lifetimeCases(backend), ...scopeCases(backend)];
}

/** What `backendConformance` found. */
export interface ConformanceReport {
  /** The titles of the requirements that hold. */
  readonly passed: readonly string[];
}

/**
 * Runs the whole suite on a backend.
 *
 * @returns The titles of all requirements when every one of them holds.
 * @throws Error that lists each requirement that does not hold, with what was expected and what came.
 * @example
 * it('conforms', () => backendConformance(myBackend));
 */
export async function backendConformance<T>(backend: Backend<T>): Promise<ConformanceReport> {
  const passed: string[] = [];
  const failed: string[] = [];
  for (const { title, check } of conformanceCases(backend)) {
    try {
      await check();
      passed.push(title);
    } catch (error) {
      failed.push(error instanceof Error ? error.message : String(error));
    }
  }
  if (failed.length > 0) {
    throw new Error(
      `backendConformance: ${backend.name} fails ${failed.length} of ${passed.length + failed.length} requirements:\n` +
        failed.map((line) => `- ${line}`).join('\n'),
    );
  }
  return { passed };
}
