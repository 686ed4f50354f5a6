/** What one array of bytes differs in from another, in the form that `src/wasm/difference.ts` reads. */

/** Bytes that two arrays must share in one place for it to be worth a copy. */
const shortest = 8;

/** The difference from `from` to `to`. */
export function differenceOf(from: Uint8Array, to: Uint8Array): Uint8Array {
  const places = new Map<string, number[]>();
  const keyAt = (bytes: Uint8Array, at: number): string => bytes.subarray(at, at + shortest).join();
  for (let at = 0; at + shortest <= from.length; at++) {
    const key = keyAt(from, at);
    const known = places.get(key);
    if (known === undefined) places.set(key, [at]);
    else known.push(at);
  }
  const written: number[] = [];
  let fresh: number[] = [];
  let next = 0;
  function copy(length: number, at: number): void {
    writeNumber(written, fresh.length);
    written.push(...fresh);
    writeNumber(written, length);
    const step = at - next;
    writeNumber(written, step < 0 ? -2 * step - 1 : 2 * step);
    fresh = [];
    next = at + length;
  }
  for (let at = 0; at < to.length; ) {
    const longest = longestCopy(from, to, at, places.get(keyAt(to, at)) ?? [], next);
    if (longest.length < shortest) fresh.push(to[at++]!);
    else {
      copy(longest.length, longest.at);
      at += longest.length;
    }
  }
  if (fresh.length > 0) copy(0, next);
  return Uint8Array.from(written);
}

/** Of the places where a copy may begin, the one that goes furthest; of several the nearest. */
function longestCopy(from: Uint8Array, to: Uint8Array, at: number, places: readonly number[], next: number) {
  let best = { at: 0, length: 0 };
  for (const place of places) {
    let length = 0;
    while (at + length < to.length && from[place + length] === to[at + length]) length++;
    const isNearer = length === best.length && Math.abs(place - next) < Math.abs(best.at - next);
    if (length > best.length || isNearer) best = { at: place, length };
  }
  return best;
}

/** Seven bits a byte, the lowest first. */
function writeNumber(written: number[], number: number): void {
  let rest = number;
  for (; rest > 127; rest >>= 7) written.push((rest & 127) | 128);
  written.push(rest);
}
