/** CRC-32, as ZIP states it of each member: polynomial 0x04C11DB7, bits reversed. */
import { damaged, type Place } from './fault.ts';

/** Eight tables of 256: what a byte does to the remainder when 0 to 7 bytes follow it. */
function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
    tables[byte] = remainder;
  }
  for (let index = 256; index < tables.length; index++) {
    const before = tables[index - 256]!;
    tables[index] = (before >>> 8) ^ tables[before & 255]!;
  }
  return tables;
}

const tables = /* @__PURE__ */ makeTables();

/** Goes on with a CRC-32 over more bytes; that of no bytes is 0. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let remainder = ~before;
  let index = 0;
  // Eight bytes a step: a step's tables do not wait for one another, as byte after byte would.
  for (; index + 8 <= bytes.length; index += 8) {
    remainder ^= bytes[index]! | (bytes[index + 1]! << 8) | (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24);
    remainder =
      tables[1792 + (remainder & 255)]! ^
      tables[1536 + ((remainder >>> 8) & 255)]! ^
      tables[1280 + ((remainder >>> 16) & 255)]! ^
      tables[1024 + (remainder >>> 24)]! ^
      tables[768 + bytes[index + 4]!]! ^
      tables[512 + bytes[index + 5]!]! ^
      tables[256 + bytes[index + 6]!]! ^
      tables[bytes[index + 7]!]!;
  }
  for (; index < bytes.length; index++) remainder = (remainder >>> 8) ^ tables[(remainder ^ bytes[index]!) & 255]!;
  return ~remainder >>> 0;
}

/** Sees a member's bytes as they are read; throws once all of them were seen in order and their CRC-32 is wrong. */
export type Checksum = (place: Place, start: number, bytes: Uint8Array) => void;

/** The checksum of a member of a size. What was seen before is not counted again; what leaves a gap is not counted. */
export function checksum(size: number, expected: number): Checksum {
  let seen = 0;
  let crc = 0;
  return (place, start, bytes) => {
    if (start <= seen && start + bytes.length > seen) {
      crc = crc32(bytes.subarray(seen - start), crc);
      seen = start + bytes.length;
    }
    if (seen === size && crc !== expected) {
      throw damaged(place, 'the data', 0, `of CRC-32 ${hex(expected)}`, hex(crc), 'Some of its bytes were changed.');
    }
  };
}

const hex = (crc: number): string => crc.toString(16).padStart(8, '0');
