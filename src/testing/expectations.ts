/** What checks on lifetimes say of a backend: how many tensors are alive, and what is in one. */
import type { Backend } from '../backend.ts';
import { type HostTensor, tensor } from '../tensor.ts';
import { expectEqual } from './expectEqual.ts';

/** Whole numbers, so that every member takes them in every place. */
export const numbers: HostTensor = tensor([
  [1, 0],
  [0, 1],
]);

/** Expectations on one backend. */
export interface Expectations<T> {
  /** Tensors alive; 0 where the backend does not count. */
  count(): number;
  /** Throws where another number of tensors is alive. */
  expectCount(what: string, expected: number): void;
  /** Throws where other numbers are read. */
  expectRead(what: string, x: T, expected: HostTensor): Promise<void>;
}

/** Makes them. */
export function expectations<T>(backend: Backend<T>): Expectations<T> {
  const count = (): number => backend.tensorCount?.() ?? 0;
  const expectCount = (what: string, expected: number): void => {
    if (backend.tensorCount && count() !== expected) {
      throw new Error(`${what}: must leave ${expected} tensors alive, got ${count()}.`);
    }
  };
  const expectRead = async (what: string, x: T, expected: HostTensor): Promise<void> =>
    expectEqual(what, await backend.read(x), backend.shapeOf(x), expected);
  return { count, expectCount, expectRead };
}
