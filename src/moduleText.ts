/**
 * Compiled modules as text, which every bundler carries and compression still sees through: a byte of the commonest third
 * is one character, any other a mark and a character. (Base64 hides repeated bytes from compression; hexadecimal digits
 * take a tenth more.)
 */

/** Added to a byte before anything else, so that opcodes of vectors, names of locals and small numbers come first. */
const turn = 4;
/** Bytes with the same mark, or with none. */
const third = 86;
const marks = ' !';

/** From '(' on, without the backslash. */
const firstCharacter = 40;
const backslash = 92;

/** Bytes, a character each from '\0' to 'ÿ', as text. */
export function textOf(bytes: string): string {
  return Array.from(bytes, (byte) => {
    const turned = (byte.charCodeAt(0) + turn) % 256;
    const code = firstCharacter + (turned % third);
    return (marks[Math.floor(turned / third) - 1] ?? '') + String.fromCharCode(code < backslash ? code : code + 1);
  }).join('');
}

/** The bytes of a text, a character each. */
export function bytesOfText(text: string): string {
  return text.replace(/[ !]?(.)/g, (written, character: string) => {
    const code = character.charCodeAt(0);
    const marked = written.length > 1 ? (marks.indexOf(written[0]!) + 1) * third : 0;
    return String.fromCharCode((code - firstCharacter - (code > backslash ? 1 : 0) + marked + 256 - turn) % 256);
  });
}

/** Characters as the bytes that they stand for. */
export function toBytes(characters: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(characters, (character) => character.charCodeAt(0));
}
