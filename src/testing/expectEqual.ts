/** Comparison of a backend's result with what the contract asks for. */
import type { HostTensor } from '../tensor.ts';

/** Throws where shape or numbers differ, with both in the message. */
export function expectEqual(title: string, got: HostTensor, shape: readonly number[], expected: HostTensor): void {
  const gotText = `shape [${shape.join(', ')}], data [${Array.from(got.data).join(', ')}]`;
  const expectedText = `shape [${expected.shape.join(', ')}], data [${Array.from(expected.data).join(', ')}]`;
  const sameShape = shape.length === expected.shape.length && shape.every((n, axis) => n === expected.shape[axis]);
  const sameData =
    got.data.length === expected.data.length &&
    Array.from(got.data).every((value, index) => close(value, expected.data[index]!));
  if (!sameShape || !sameData) throw new Error(`${title}: must be ${expectedText}, got ${gotText}.`);
}

/** Within four float32 roundings, or the same special value. */
function close(value: number, expected: number): boolean {
  if (Number.isNaN(expected)) return Number.isNaN(value);
  if (!Number.isFinite(expected)) return value === expected;
  return Math.abs(value - expected) <= 4 * 2 ** -23 * Math.max(1, Math.abs(expected));
}
