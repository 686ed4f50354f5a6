/**
 * The pages of a Parquet column, looked through before they are decoded: a decoder that follows damaged lengths may never come to
 * an end, or give other numbers. A page that states a CRC-32 is held to it.
 *
 * @see https://parquet.apache.org/docs/file-format, and parquet.thrift of apache/parquet-format for the numbers of fields
 */
import { crc32 } from 'node:zlib';
import type { AsyncBuffer, ColumnMetaData } from 'hyparquet';

/** A struct of Thrift's compact protocol by its fields' numbers: whole numbers and structs, all else left out. */
interface Struct extends ReadonlyMap<number, number | Struct> {}

const pageTypes = { data: 0, index: 1, dictionary: 2, dataV2: 3 };

/** Refuses a column of a row group whose pages do not come to what its footer says. */
export async function checkPages(file: AsyncBuffer, column: ColumnMetaData): Promise<void> {
  const name = column.path_in_schema.join('.');
  const refuse = (what: string, expected: string, got: number | string): Error =>
    new Error(`${what} of column ${name} must be ${expected}, got ${got}`);
  const start = Number(column.dictionary_page_offset || column.data_page_offset);
  const length = Number(column.total_compressed_size);
  if (!(start >= 0 && length > 0 && start + length <= file.byteLength)) {
    throw refuse('the bytes', `within the ${file.byteLength} of the file`, `${start} to ${start + length}`);
  }
  const bytes = new Uint8Array(await file.slice(start, start + length));
  const most = Math.max(length, Number(column.total_uncompressed_size));
  let values = 0;
  for (let at = 0; at < length; ) {
    const { header, next } = readHeader(bytes, at);
    const [type, size, packed, crc] = [1, 2, 3, 4].map((field) => numberIn(header, field));
    const place = `the page at byte ${start + at}`;
    if (!(packed !== undefined && packed >= 0 && next + packed <= length)) {
      throw refuse(place, `of 0 to ${length - next} bytes`, String(packed));
    }
    const possible =
      column.codec === 'UNCOMPRESSED' ? size === packed : size !== undefined && size >= 0 && size <= most;
    if (!possible) throw refuse(place, `of at most ${most} bytes unpacked`, String(size));
    if (crc !== undefined && crc32(bytes.subarray(next, next + packed)) !== crc >>> 0) {
      throw refuse(place, 'of the CRC-32 that it states', 'another');
    }
    const counted = header.get(type === pageTypes.dataV2 ? 8 : type === pageTypes.dictionary ? 7 : 5);
    const count = typeof counted === 'object' ? numberIn(counted, 1) : undefined;
    if (type === pageTypes.data || type === pageTypes.dataV2) {
      const rows = typeof counted === 'object' && type === pageTypes.dataV2 ? numberIn(counted, 3) : count;
      if (!(count !== undefined && count >= 0 && rows !== undefined && rows >= 0 && rows <= count)) {
        throw refuse(place, 'of a number of values', `${count} in ${rows} rows`);
      }
      values += count;
    } else if (type === pageTypes.dictionary) {
      if (!(count !== undefined && count >= 0 && count <= most))
        throw refuse(place, 'of a number of values', String(count));
    } else if (type !== pageTypes.index) {
      throw refuse(place, 'of a known type', String(type));
    }
    at = next + packed;
  }
  if (values !== Number(column.num_values)) throw refuse('the pages', `of ${column.num_values} values`, values);
}

function numberIn(struct: Struct, field: number): number | undefined {
  const value = struct.get(field);
  return typeof value === 'number' ? value : undefined;
}

/** A page's header, and the byte after it. */
function readHeader(bytes: Uint8Array, start: number): { readonly header: Struct; readonly next: number } {
  let at = start;
  const byte = (): number => {
    if (at >= bytes.length) throw new Error('a page header must end within its column');
    return bytes[at++]!;
  };
  const unsigned = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const part = byte();
      value += (part & 127) * scale;
      if (part < 128) return value;
    }
  };
  const signed = (): number => {
    const value = unsigned();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  };

  const element = (type: number): number | Struct | undefined => {
    if (type === 3) return byte();
    if (type >= 4 && type <= 6) return signed();
    if (type === 12) return struct();
    if (type === 7) at += 8;
    else if (type === 8) {
      const text = unsigned();
      at += text;
    } else if (type === 9 || type === 10) {
      const head = byte();
      const count = head >> 4 === 15 ? unsigned() : head >> 4;
      const each = head & 15;
      // Truth values are bytes of a list, where they are the type itself of a field.
      for (let index = 0; index < count; index++) element(each <= 2 ? 3 : each);
    } else throw new Error(`a field of a page header must be of a known type, got ${type}`);
    return undefined;
  };

  function struct(): Struct {
    const fields = new Map<number, number | Struct>();
    let field = 0;
    for (let head = byte(); head !== 0; head = byte()) {
      field = head >> 4 === 0 ? signed() : field + (head >> 4);
      const type = head & 15;
      const value = type <= 2 ? 2 - type : element(type);
      if (value !== undefined) fields.set(field, value);
    }
    return fields;
  }

  const header = struct();
  return { header, next: at };
}
