/** Bytes as text, and bytes as what they differ in from others: how the compiled kernels lie in the library. */

/** Bytes from their hexadecimal digits. */
export function fromHexadecimal(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/**
 * The bytes that a difference leads to from others. It is a list of: how many new bytes, those bytes, how many bytes are
 * copied, and from where, counted from the end of the last copy (2n forward, 2n − 1 backward). Numbers have seven bits a byte.
 */
export function applyDifference(from: Uint8Array, difference: Uint8Array): Uint8Array<ArrayBuffer> {
  const made: number[] = [];
  let at = 0;
  let next = 0;
  const number = (): number => {
    let read = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = difference[at++]!;
      read |= (byte & 127) << shift;
      if (byte < 128) return read;
    }
  };
  while (at < difference.length) {
    for (let fresh = number(); fresh > 0; fresh--) made.push(difference[at++]!);
    const length = number();
    const step = number();
    next += step % 2 === 0 ? step / 2 : -(step + 1) / 2;
    for (let copied = 0; copied < length; copied++) made.push(from[next++]!);
  }
  return Uint8Array.from(made);
}
