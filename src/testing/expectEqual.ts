/** Comparison of a backend's result with what the contract asks for. */
import type { HostTensor } from '../tensor.ts';

/** Throws where shape (as the backend says and as it was read) or numbers differ, with all in the message. */
export function expectEqual(title: string, got: HostTensor, shape: readonly number[], expected: HostTensor): void {
  const text = (extents: readonly number[], data: ArrayLike<number>): string =>
    `shape [${extents.join(', ')}], data [${Array.from(data).slice(0, shown).join(', ')}${data.length > shown ? ', …' : ''}]`;
  const sameShape = [shape, got.shape].every(
    (own) => own.length === expected.shape.length && own.every((n, axis) => n === expected.shape[axis]),
  );
  const sameData =
    got.data.length === expected.data.length &&
    Array.from(got.data).every((value, index) => close(value, expected.data[index]!));
  if (sameShape && sameData) return;
  const read = String(got.shape) === String(shape) ? '' : `, read as shape [${got.shape.join(', ')}]`;
  throw new Error(`${title}: must be ${text(expected.shape, expected.data)}, got ${text(shape, got.data)}${read}.`);
}

/** Numbers in a message. */
const shown = 24;

/** Within four float32 roundings, or the same special value. */
function close(value: number, expected: number): boolean {
  if (Number.isNaN(expected)) return Number.isNaN(value);
  if (!Number.isFinite(expected)) return value === expected;
  return Math.abs(value - expected) <= 4 * 2 ** -23 * Math.max(1, Math.abs(expected));
}
