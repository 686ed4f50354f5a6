/** Writes a safetensors file in half precision. The library reads such files; it writes none. */

interface Written {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

/** The bytes of a file: the length of the header, the header, the numbers. */
export function safetensorsOf(
  tensors: Readonly<Record<string, Written>>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  let end = 0;
  const entries = Object.entries(tensors).map(([name, { values, shape }]) => {
    const begin = end;
    end += 2 * values.length;
    return [name, { dtype: 'F16', shape, data_offsets: [begin, end] }] as const;
  });
  const text = new TextEncoder().encode(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }));
  // Padded with spaces, so that the numbers begin at a multiple of eight bytes.
  const header = new Uint8Array(Math.ceil(text.length / 8) * 8).fill(0x20);
  header.set(text);
  const bytes = new Uint8Array(8 + header.length + end);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  let at = 8 + header.length;
  for (const { values } of Object.values(tensors)) {
    for (const value of values) {
      view.setUint16(at, halfBits(value), true);
      at += 2;
    }
  }
  return bytes;
}

/** A number of less than 65 520 in size in half precision: one bit of sign, five of exponent, ten of fraction. */
export function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  // Below 2^−14 numbers are as far apart as there.
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const steps = size / 2 ** (exponent - 10);
  const below = Math.floor(steps);
  const up = steps - below > 0.5 || (steps - below === 0.5 && below % 2 === 1);
  // The leading one of a fraction, and the carry of one that is rounded up to the next power of two, both add to the exponent.
  return sign | (((exponent + 14) << 10) + below + Number(up));
}
