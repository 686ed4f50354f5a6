/** A tensor of a file: what it is, known from the header alone, and its rows, read when asked for. */
import type { HostTensor } from '../tensor.ts';
import { columnMajorRows, lastAxisFastest, sizeOf } from './columnMajor.ts';
import { decode } from './decode.ts';
import { damaged, type Place, quote, unsupported } from './fault.ts';
import { readable, readableKinds, type TensorKind } from './kinds.ts';
import type { Bytes } from './source.ts';

/** A tensor of a file. Its first axis is its rows. */
export interface FileTensor {
  readonly name: string;
  /** A `TensorKind`, or the name of a kind that is not read (`'complex64'`, `'object'`, `'F8_E4M3'`, …). */
  readonly kind: TensorKind | (string & {});
  readonly shape: readonly number[];
  /**
   * Reads rows [start, end): a host tensor of shape [end − start, ...shape.slice(1)].
   *
   * Memory is that of the rows. In a compressed `.npz` reading goes forward, row after row; going back starts again
   * from the tensor's start. A column-major tensor is read in blocks of 32 MiB; compressed as well, each block takes a
   * pass over the whole tensor.
   *
   * @throws RangeError for rows that are not there, or that are damaged; TypeError for a kind that is not read.
   */
  rows(start: number, end: number): Promise<HostTensor>;
  /** Reads the whole tensor; a scalar too, which has no rows. Errors as for `rows`. */
  read(): Promise<HostTensor>;
}

/** What a header says of a tensor. */
export interface TensorHeader {
  readonly file: string;
  readonly name: string;
  readonly kind: string;
  /** The byte at which the header names the kind. */
  readonly kindAt: number;
  readonly shape: readonly number[];
  readonly bytes: Bytes;
  /** The byte of the first element. */
  readonly start: number;
  readonly columnMajor: boolean;
  readonly bigEndian: boolean;
}

/** What to save instead, by kind; a Map, as a file may name a kind by any word. */
const hints: ReadonlyMap<string, string> = new Map([
  ['object', 'NumPy pickles objects, and unpickling runs code: save an array of numbers.'],
  ['void', 'NumPy saves bfloat16 and float8 in this kind: save as float32, or bfloat16 in safetensors.'],
]);

/** The rows of a tensor whose header was read and checked against the size of its file. */
export function fileTensor(header: TensorHeader): FileTensor {
  const { file, name, kind, shape, bytes, start, bigEndian } = header;
  const [rows = 1, ...axes] = shape;
  const columns = sizeOf(axes);
  const known = readable(kind);
  const elementSize = known?.size ?? 0;
  const empty = shape.includes(0);
  const columnMajor = header.columnMajor && axes.length > 0;
  const columnRows = columnMajor && !empty ? columnMajorRows({ bytes, start, elementSize, shape }) : undefined;

  /** The byte of an element, and its row, by its index in row-major order. */
  const refuseElement =
    (place: Place, first: number) =>
    (index: number, expected: string, got: string): RangeError => {
      const row = first + Math.floor(index / columns);
      const column = index % columns;
      // The axes from last to first: the way back.
      const element = columnMajor ? lastAxisFastest(column, [...axes].reverse()) * rows + row : index + first * columns;
      const subject = shape.length > 0 ? `the element of row ${row}` : 'the element';
      return damaged(place, subject, start + element * elementSize, expected, got);
    };

  const part = async (where: string, from: number, to: number): Promise<HostTensor> => {
    const place = { where, file, tensor: name };
    if (known === undefined) {
      throw unsupported(place, 'the kind', header.kindAt, readableKinds, quote(kind), hints.get(kind));
    }
    const length = empty ? 0 : (to - from) * columns * elementSize;
    const raw =
      length === 0
        ? new Uint8Array(0)
        : await (columnRows?.(place, from, to) ?? bytes.read(place, start + from * columns * elementSize, length));
    const data = decode(known.kind, raw, elementSize, bigEndian, refuseElement(place, from));
    return { data, shape: shape.length > 0 ? [to - from, ...axes] : [] };
  };

  return {
    name,
    kind,
    shape,
    async rows(from, to) {
      const tensor = `tensor ${quote(name)} of ${file}`;
      if (shape.length === 0) throw new TypeError(`rows: ${tensor} must have rows, got a scalar. read() reads it.`);
      if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to < from || to > rows) {
        throw new RangeError(`rows: start and end must be rows of ${tensor}, 0 to ${rows}, got ${from} and ${to}.`);
      }
      return part('rows', from, to);
    },
    read: () => part('read', 0, rows),
  };
}
