/** Several tensors side by side, some rows at a time. */
import type { HostTensor } from '../tensor.ts';
import { quote } from './fault.ts';
import type { FileTensor } from './fileTensor.ts';

/**
 * Walks over tensors with equally many rows, in batches: records of host tensors under the given names, as
 * `accumulate(metric).update` takes them. The next batch is read while the last is used; no more than these two are held.
 *
 * @param tensors Tensors by the names of a metric's inputs, of one file or of several.
 * @param size Rows a batch; the last has what is left. Some thousand rows make up for the cost of a read.
 * @throws TypeError for what is no tensor of a file or has no rows, RangeError for unequal rows.
 * @example
 * const running = accumulate(calibrationError());
 * for await (const batch of batches({ logits, labels }, 8192)) running.update(batch);
 */
export function batches<Name extends string>(
  tensors: Readonly<Record<Name, FileTensor | undefined>>,
  size: number,
): AsyncGenerator<Record<Name, HostTensor>, void, undefined> {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new RangeError(`batches: size must be a whole number of at least 1, got ${String(size)}.`);
  }
  const named = Object.entries<FileTensor | undefined>(tensors).map(([name, tensor]) => {
    if (typeof tensor?.rows === 'function') return { name, tensor };
    throw new TypeError(
      `batches: ${name} must be a tensor of a file, got ${String(tensor)}. The keys of \`tensors\` of an opened file are its tensors' names.`,
    );
  });
  const rows = named[0]?.tensor.shape[0];
  for (const { name, tensor } of named) {
    const [own] = tensor.shape;
    if (own === undefined) {
      throw new TypeError(`batches: ${name} must have rows, got the scalar ${quote(tensor.name)}.`);
    }
    if (own !== rows) {
      throw new RangeError(`batches: ${name} must have the ${rows} rows of ${named[0]!.name}, got ${own}.`);
    }
  }
  return walk(named, rows ?? 0, size);
}

async function* walk<Name extends string>(
  named: readonly { readonly name: string; readonly tensor: FileTensor }[],
  rows: number,
  size: number,
): AsyncGenerator<Record<Name, HostTensor>, void, undefined> {
  const read = async (start: number): Promise<Record<Name, HostTensor>> => {
    const end = Math.min(start + size, rows);
    return Object.fromEntries(
      await Promise.all(named.map(async ({ name, tensor }) => [name, await tensor.rows(start, end)])),
    );
  };
  if (rows === 0) return;
  let ahead = read(0);
  for (let start = 0; start < rows; start += size) {
    const batch = await ahead;
    if (start + size < rows) {
      ahead = read(start + size);
      // Its error is thrown where it is awaited; a caller who stops before that has no use for it.
      ahead.catch(() => {});
    }
    yield batch;
  }
}
