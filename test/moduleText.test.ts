/** Compiled modules lie in the library as text. */
import { expect, it } from 'vitest';
import { bytesOfText, textOf, toBytes } from '../src/moduleText.ts';

const everyByte = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('');

it('every byte comes back from its text, beside any other', () => {
  const pairs = Array.from(everyByte, (first) => Array.from(everyByte, (second) => first + second).join('')).join('');
  for (const bytes of ['', everyByte, pairs]) expect(bytesOfText(textOf(bytes)) === bytes).toBe(true);
  expect([...toBytes(everyByte)]).toEqual(Array.from({ length: 256 }, (_, byte) => byte));
});

it('the text needs no escape in a string, between quotes or backticks without a template, and is one or two characters a byte', () => {
  expect(textOf(everyByte)).toMatch(/^[ !(-[\]-~]*$/);
  expect(textOf(everyByte).length).toBe(86 + 2 * (256 - 86));
});

it('opcodes of vectors and the first names of locals are one character', () => {
  expect(textOf('\xfd\x20\x21\x22\x05')).toHaveLength(5);
});
