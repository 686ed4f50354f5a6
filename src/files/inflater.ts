/**
 * Deflated data, inflated by the platform as it is asked for. Not by a pipe: Node's `DecompressionStream` takes in all
 * that a pipe brings, up to 16,384 chunks of output, so the input is fed here, and only while nothing comes out.
 */
import { type Place, unreadable } from './fault.ts';
import type { Bytes } from './source.ts';

/** What is read of the archive at a time: little for a header, more and more for data. */
const firstReadBytes = 2 ** 12;
const readBytes = 2 ** 18;
/** What goes in at a time, at most: longer pieces inflate no faster. */
const feedBytes = 2 ** 16;
/** What shall come out of a piece, by the member's mean; 64 MiB are the most that deflate can make of the longest. */
const outputBytes = 2 ** 21;

/** Inflated data, chunk by chunk. */
export interface Inflater {
  /** The next bytes, of which the first is at a position of the inflated data; undefined at the end. */
  next(place: Place, position: number): Promise<Uint8Array | undefined>;
  close(): void;
}

/** Inflates a stretch of an archive that comes to a size. */
export function inflater(archive: Bytes, start: number, length: number, size: number): Inflater {
  const pieceBytes = Math.min(feedBytes, Math.ceil((outputBytes * length) / size));
  const { readable, writable } = new DecompressionStream('deflate-raw');
  const reader = readable.getReader();
  const writer = writable.getWriter();
  let taken = 0;
  let waiting = new Uint8Array(0);
  let ended = false;
  let feeding: Promise<void> | undefined;

  /** The next piece of input; done when the inflater has worked it off. */
  const feed = async (place: Place, unsound: (cause: unknown) => never): Promise<void> => {
    if (waiting.length === 0 && taken < length) {
      const reading = Math.min(readBytes, Math.max(firstReadBytes, taken), length - taken);
      waiting = await archive.read(place, start + taken, reading);
      taken += waiting.length;
    }
    if (waiting.length === 0) {
      ended = true;
      return writer.close().catch(unsound);
    }
    const piece = waiting.subarray(0, pieceBytes);
    waiting = waiting.subarray(pieceBytes);
    return writer.write(piece).catch(unsound);
  };

  return {
    async next(place, position) {
      const unsound = (cause: unknown): never => {
        throw unreadable(place, 'the deflated data', position, 'sound', cause);
      };
      let arrived = false;
      const read = reader
        .read()
        .catch(unsound)
        .finally(() => {
          arrived = true;
        });
      while (!arrived && !ended) {
        feeding ??= feed(place, unsound).finally(() => {
          feeding = undefined;
        });
        await Promise.race([read, feeding]);
      }
      return (await read).value;
    },
    close() {
      reader.cancel().catch(() => {});
    },
  };
}
