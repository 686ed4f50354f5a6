/**
 * A file as bytes that can be asked for by range. Nothing is read ahead, and no buffer is made for bytes that the file
 * does not hold.
 */
import { damaged, type Place, unreadable } from './fault.ts';

/** What `open` of `node:fs/promises` gives, named by shape so that no import is needed. Its opener closes it. */
export interface FileHandleLike {
  /** The file's size, in bytes. */
  stat(): Promise<{ readonly size: number }>;
  /** Reads `length` bytes at `position` of the file into `buffer`, from `offset` on. */
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

/** Bytes that can be read. */
interface BlobPart {
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** What a `Blob` or `File` gives, named by shape: without the DOM library and Node's types there is no such name. */
export interface BlobLike {
  readonly size: number;
  readonly name?: string;
  /** The bytes from `start` up to `end`, still to be read. */
  slice(start: number, end: number): BlobPart;
}

/** A file: a `Blob` or `File`, its bytes, or an open file handle of Node. */
export type Source = BlobLike | Uint8Array | ArrayBuffer | FileHandleLike;

/** A file, or what a member of an archive unpacks to. */
export interface Bytes {
  readonly size: number;
  /** Reads `count` pieces of `length` bytes, their starts `stride` apart, into one new buffer. */
  read(place: Place, start: number, length: number, count?: number, stride?: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Lets go of what a read left open; a later read opens it again. */
  close?(): void;
}

/** Fills a buffer from a position of the file on; says how many bytes there were. */
type Fill = (into: Uint8Array<ArrayBuffer>, position: number) => Promise<number>;

/** The most that one read takes: as much as keeps four at once in flight without a second copy of a large part. */
const spanBytes = 2 ** 20;
/** A read of its own costs about what it costs to read over this many bytes. */
const farApart = 2 ** 16;

/** Opens a source by its kind; `file` is its name in errors. */
export async function bytesOf(where: string, source: Source, file: string): Promise<Bytes> {
  if (typeof source === 'object' && source !== null) {
    if ('byteLength' in source) return fromFill(file, source.byteLength, fillFromMemory(source));
    if ('slice' in source && 'size' in source) return fromFill(file, source.size, fillFromBlob(source));
    if ('stat' in source) return fromFill(file, (await source.stat()).size, fillFromHandle(source));
  }
  throw new TypeError(
    `${where}: source must be a Blob, a Uint8Array, an ArrayBuffer or a file handle, got ${source === null ? 'null' : typeof source}. In Node, openAsBlob(path) of node:fs gives a Blob.`,
  );
}

/** Bytes of a header: they must be there, and only then is there a buffer for them. */
export async function readHeader(
  bytes: Bytes,
  place: Place,
  subject: string,
  start: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (start + length > bytes.size) {
    throw damaged(place, subject, start, `${length} bytes long`, Math.max(0, bytes.size - start), truncationHint);
  }
  return bytes.read(place, start, length);
}

/** A buffer, or the error that says what is too much at once. */
export function roomFor(place: Place, start: number, length: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw unreadable(place, `the ${length} bytes`, start, 'few enough for memory', cause, 'Read fewer rows at a time.');
  }
}

/** Why a file can seem shorter than it is. */
export const truncationHint =
  'The file is truncated, or it is a Blob of openAsBlob beyond 4 GiB, whose size Node gives modulo 4 GiB: pass a file handle instead (open of node:fs/promises).';

function fillFromMemory(source: Uint8Array | ArrayBuffer): Fill {
  const memory = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  return async (into, position) => {
    into.set(memory.subarray(position, position + into.length));
    return into.length;
  };
}

function fillFromBlob(blob: BlobLike): Fill {
  return async (into, position) => {
    const part = new Uint8Array(await blob.slice(position, position + into.length).arrayBuffer());
    into.set(part);
    return part.length;
  };
}

function fillFromHandle(handle: FileHandleLike): Fill {
  return async (into, position) => {
    let filled = 0;
    while (filled < into.length) {
      const { bytesRead } = await handle.read(into, filled, into.length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  };
}

/** A stretch of the file that one read takes, and where its pieces go. */
interface Span {
  readonly start: number;
  readonly length: number;
  readonly pieces: number;
  readonly target: number;
}

function* spansOf(start: number, length: number, count: number, stride: number): Generator<Span> {
  if (count > 1 && stride - length < farApart) {
    const together = Math.max(1, Math.floor(spanBytes / stride));
    for (let first = 0; first < count; first += together) {
      const pieces = Math.min(together, count - first);
      yield { start: start + first * stride, length: (pieces - 1) * stride + length, pieces, target: first * length };
    }
    return;
  }
  for (let piece = 0; piece < count; piece++) {
    for (let offset = 0; offset < length; offset += spanBytes) {
      const size = Math.min(spanBytes, length - offset);
      yield { start: start + piece * stride + offset, length: size, pieces: 1, target: piece * length + offset };
    }
  }
}

function fromFill(file: string, size: number, fill: Fill): Bytes {
  return {
    size,
    async read(reader, start, length, count = 1, stride = length) {
      // What reads a member of an archive reads the archive's bytes.
      const place = { ...reader, file };
      const gathered = roomFor(place, start, length * count);
      const spans = spansOf(start, length, count, stride);
      const readSpans = async (): Promise<void> => {
        for (const span of spans) {
          const direct = span.pieces === 1;
          const into = direct ? gathered.subarray(span.target, span.target + span.length) : new Uint8Array(span.length);
          const filled = await fill(into, span.start).catch((cause: unknown) => {
            throw unreadable(place, 'the data', span.start, 'readable', cause);
          });
          if (filled < into.length) {
            throw damaged(place, 'the data', span.start, `${into.length} bytes long`, filled, truncationHint);
          }
          for (let piece = 0; !direct && piece < span.pieces; piece++) {
            gathered.set(into.subarray(piece * stride, piece * stride + length), span.target + piece * length);
          }
        }
      };
      // Four in flight: reads of a Blob wait more than they work.
      await Promise.all([readSpans(), readSpans(), readSpans(), readSpans()]);
      return gathered;
    },
  };
}
