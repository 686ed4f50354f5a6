/** The form of a requirement on a member of the contract, and the tensors that requirements share. */
import type { Backend } from '../backend.ts';
import { randomBelow } from '../random.ts';
import { type HostTensor, sizeOf, tensor } from '../tensor.ts';

/** One requirement of the contract. */
export interface ConformanceCase {
  /** A sentence that holds for a conforming backend. */
  readonly title: string;
  /** Throws when it does not. */
  readonly check: () => Promise<void>;
}

/** What to compute, and what must come. */
export type Requirement = readonly [title: string, compute: <T>(backend: Backend<T>) => T, expected: HostTensor];

export const values: HostTensor = tensor([
  [1, -2, 3],
  [0.5, 4, -1],
]);
export const row: HostTensor = tensor([10, 20, 30]);
export const column: HostTensor = tensor([[1], [2]]);
export const batched: HostTensor = tensor(
  Float32Array.from({ length: 24 }, (_, index) => index - 11),
  [2, 3, 4],
);

/** A host tensor on the backend. */
export const on = <T>(backend: Backend<T>, host: HostTensor): T => backend.fromHost(host);

/** A host tensor whose numbers follow from their place in row-major order. */
export function filled(shape: readonly number[], at: (index: number) => number): HostTensor {
  return { data: Float64Array.from({ length: sizeOf(shape) }, (_, index) => at(index)), shape };
}

/** Whole numbers from −3 to 3 in no order that sums would cancel by: every device computes with them exactly. */
export function scattered(shape: readonly number[], seed = 1): HostTensor {
  return filled(shape, (index) => randomBelow(seed, index, 7) - 3);
}
