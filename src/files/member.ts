/** The bytes of an archive's member: stored, at any position; or deflated, forward from the start. */
import type { Checksum } from './checksum.ts';
import { damaged, type Place } from './fault.ts';
import { type Inflater, inflater } from './inflater.ts';
import { type Bytes, roomFor } from './source.ts';

/** Where a member's bytes lie in the archive, and what they come to. */
export interface MemberData {
  readonly archive: Bytes;
  readonly start: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly check: Checksum;
}

/** A stored member. Its CRC is checked where it is read in order from its start to its end. */
export function storedMember({ archive, start, size, check }: MemberData): Bytes {
  return {
    size,
    read: inOrder(async (place, from, length, count = 1, stride = length) => {
      const bytes = await archive.read(place, start + from, length, count, stride);
      if (count === 1) check(place, from, bytes);
      return bytes;
    }),
  };
}

/** What is set aside at first for data that are only announced. */
const firstBytes = 2 ** 22;

/** A deflated member: read forward in flat memory; a position before the last starts again from the member's start. */
export function deflatedMember({ archive, start, compressedSize, size, check }: MemberData): Bytes {
  let stream: Inflater | undefined;
  /** Inflated bytes at hand, the position of the first of them, and of the next to come. */
  let chunk: Uint8Array = new Uint8Array(0);
  let position = 0;
  let inflated = 0;

  const close = (): void => {
    stream?.close();
    stream = undefined;
    chunk = new Uint8Array(0);
    position = 0;
    inflated = 0;
  };

  /** Takes the next chunk in; false at the end. */
  const advance = async (place: Place): Promise<boolean> => {
    stream ??= inflater(archive, start, compressedSize, size);
    const next = await stream.next(place, inflated);
    const now = inflated + (next?.length ?? 0);
    if (next === undefined ? now < size : now > size) {
      const got = next === undefined ? now : 'more';
      throw damaged(place, 'the deflated data', inflated, `of ${size} bytes`, got);
    }
    if (next === undefined) return false;
    check(place, inflated, next);
    chunk = next;
    position = inflated;
    inflated = now;
    return true;
  };

  const read = async (
    place: Place,
    first: number,
    length: number,
    count: number,
    stride: number,
  ): Promise<Uint8Array<ArrayBuffer>> => {
    if (first < position) close();
    const gathered = growing(place, first, length * count);
    for (let piece = 0; piece < count; piece++) {
      let from = first + piece * stride;
      const end = from + length;
      while (from < end) {
        if (from >= inflated) {
          await advance(place);
          continue;
        }
        const part = chunk.subarray(from - position, end - position);
        gathered.append(part);
        from += part.length;
      }
    }
    // The last bytes are believed when the stream has ended where it should.
    if (first + (count - 1) * stride + length === size) {
      while (await advance(place));
      close();
    }
    return gathered.bytes();
  };

  return {
    size,
    close,
    read: inOrder(async (place, first, length, count = 1, stride = length) => {
      try {
        return await read(place, first, length, count, stride);
      } catch (error) {
        close();
        throw error;
      }
    }),
  };
}

/** One read after the other, in the order of the calls: they share a position. */
function inOrder(read: Bytes['read']): Bytes['read'] {
  let last: Promise<unknown> = Promise.resolve();
  return (...request) => {
    const result = last.then(() => read(...request));
    // Without the bytes, which are the caller's alone.
    last = result.then(
      () => {},
      () => {},
    );
    return result;
  };
}

/** A buffer that grows as bytes arrive, up to a length: an announced length alone makes none. */
function growing(
  place: Place,
  start: number,
  length: number,
): { append(part: Uint8Array): void; bytes(): Uint8Array<ArrayBuffer> } {
  let buffer = new Uint8Array(Math.min(length, firstBytes));
  let filled = 0;
  return {
    append(part) {
      if (filled + part.length > buffer.length) {
        const larger = roomFor(place, start, Math.min(length, Math.max(2 * buffer.length, filled + part.length)));
        larger.set(buffer.subarray(0, filled));
        buffer = larger;
      }
      buffer.set(part, filled);
      filled += part.length;
    },
    bytes: () => buffer,
  };
}
