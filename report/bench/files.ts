/** Files of made-up models in NumPy's format. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { randomBits } from 'dark-knowledge';

/** The header of a row-major array. */
function header(kind: string, shape: readonly number[]): Buffer {
  const extents = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${kind}', 'fortran_order': False, 'shape': (${extents}), }`;
  const padding = 64 - ((10 + text.length + 1) % 64);
  const bytes = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${text}${' '.repeat(padding)}\n`, 'latin1');
  bytes.writeUInt16LE(text.length + padding + 1, 8);
  return bytes;
}

function write(
  path: string,
  start: Buffer,
  rows: number,
  part: (first: number, count: number) => ArrayBufferView,
): void {
  const file = openSync(path, 'w');
  try {
    writeSync(file, start);
    for (let first = 0; first < rows; first += 10_000) {
      const values = part(first, Math.min(10_000, rows - first));
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    }
  } finally {
    closeSync(file);
  }
}

/** The label of a row. */
function labelOf(row: number, classes: number): number {
  return randomBits(5, row) % classes;
}

/** Labels, int64. */
export function writeLabels(path: string, rows: number, classes: number): void {
  write(path, header('<i8', [rows]), rows, (first, count) =>
    BigInt64Array.from({ length: count }, (_, row) => BigInt(labelOf(first + row, classes))),
  );
}

/** Logits, float32: noise of the model's own and in common with others, and `skill` on the label. */
export function writeLogits(
  path: string,
  rows: number,
  classes: number,
  { seed, skill }: { readonly seed: number; readonly skill: number },
): void {
  // A sum of two uniform numbers is noise enough.
  const noise = (own: number, index: number) =>
    (randomBits(own, index) / 2 ** 32 + randomBits(9, index) / 2 ** 32 - 1) * 3;
  write(path, header('<f4', [rows, classes]), rows, (first, count) => {
    const data = new Float32Array(count * classes);
    for (let at = 0; at < data.length; at++) data[at] = noise(seed, first * classes + at);
    for (let row = 0; row < count; row++) data[row * classes + labelOf(first + row, classes)]! += skill;
    return data;
  });
}
