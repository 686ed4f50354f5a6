/** The second build of the kernels lies in the library as what it differs in from the first. */
import { expect, it } from 'vitest';
import { differenceOf } from '../../scripts/difference.ts';
import { applyDifference, fromHexadecimal } from '../../src/wasm/difference.ts';

const noise = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, at) => Math.floor(256 * Math.abs(Math.sin((at + 1) * (seed + 1) * 12.9898) % 1)));

const pieces = (...parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

it('a difference leads back to the bytes it was made of', () => {
  const first = noise(5000, 1);
  const changed = first.map((byte, at) => (at % 700 === 3 ? 255 - byte : byte));
  const cases = [
    first,
    changed,
    noise(300, 2),
    new Uint8Array(),
    pieces(first.subarray(3000), noise(40, 3), first.subarray(0, 2500), first.subarray(100, 900)),
  ];
  for (const second of cases) {
    expect([...applyDifference(first, differenceOf(first, second))]).toEqual([...second]);
  }
  expect(differenceOf(first, changed).length).toBeLessThan(100);
});

it('bytes are read from hexadecimal digits', () => {
  expect([...fromHexadecimal('00ff7f10')]).toEqual([0, 255, 127, 16]);
  expect(fromHexadecimal('').length).toBe(0);
});
