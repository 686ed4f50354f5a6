/** Files in the formats of NumPy and safetensors, made byte by byte, and what the tests compare tensors by. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { crc32, deflateRawSync } from 'node:zlib';
import type { FileTensor, TensorFile } from 'dark-knowledge/files';

/** A file of `test/fixtures/files`, which NumPy or safetensors wrote. */
export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../fixtures/files/${name}`, import.meta.url));
}

/** Its bytes, in a buffer of their own. */
export function fixtureBytes(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(fixturePath(name)));
}

/** Bytes of text, one a character, then of numbers and other bytes. */
export function bytesFrom(...parts: (string | Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part)))),
  );
}

function littleEndian(size: 2 | 4 | 8, value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes.subarray(0, size);
}

/** A `.npy` file with any header. */
export function npyWith(header: string, data: Uint8Array, version = 1): Uint8Array<ArrayBuffer> {
  return bytesFrom('\x93NUMPY', [version, 0], littleEndian(version === 1 ? 2 : 4, header.length), header, data);
}

/** A sound `.npy` file. */
export function npy(
  descr: string,
  shape: readonly number[],
  data: Uint8Array,
  fortranOrder = false,
): Uint8Array<ArrayBuffer> {
  const tuple = `(${shape.map((extent) => `${extent},`).join(' ')})`;
  const order = fortranOrder ? 'True' : 'False';
  return npyWith(`{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${tuple}, }\n`, data);
}

/** A member of an archive; what is given besides its data stands in its headers instead of the truth. */
export interface MemberOptions {
  readonly deflate?: boolean;
  readonly flags?: number;
  readonly method?: number;
  readonly crc?: number;
  readonly size?: number;
  readonly compressedSize?: number;
  readonly start?: number;
  readonly localName?: string;
  readonly deflated?: Uint8Array;
}

/** A ZIP archive of members, in order. */
export function zip(
  members: readonly (readonly [name: string, data: Uint8Array, options?: MemberOptions])[],
  end: { readonly entries?: number; readonly start?: number; readonly comment?: string } = {},
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const entries: Uint8Array[] = [];
  let at = 0;
  for (const [name, data, options = {}] of members) {
    const body = options.deflated ?? (options.deflate ? deflateRawSync(data) : data);
    const method = options.method ?? (options.deflate || options.deflated ? 8 : 0);
    const head = (written: string): Uint8Array =>
      bytesFrom(
        littleEndian(2, options.flags ?? 0x800),
        littleEndian(2, method),
        littleEndian(4, 0),
        littleEndian(4, options.crc ?? crc32(data)),
        littleEndian(4, options.compressedSize ?? body.length),
        littleEndian(4, options.size ?? data.length),
        littleEndian(2, Buffer.byteLength(written)),
      );
    const written = options.localName ?? name;
    const local = bytesFrom('PK\x03\x04\x14\0', head(written), [0, 0], Buffer.from(written), body);
    const start = littleEndian(4, options.start ?? at);
    entries.push(
      bytesFrom('PK\x01\x02\x14\0\x14\0', head(name), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], start, Buffer.from(name)),
    );
    parts.push(local);
    at += local.length;
  }
  const directory = bytesFrom(...entries);
  const { comment = '' } = end;
  const count = littleEndian(2, end.entries ?? members.length);
  const place = [littleEndian(4, directory.length), littleEndian(4, end.start ?? at)];
  return bytesFrom(
    ...parts,
    directory,
    'PK\x05\x06\0\0\0\0',
    count,
    count,
    ...place,
    littleEndian(2, comment.length),
    comment,
  );
}

/** A `.safetensors` file with any header. */
export function safetensorsWith(header: string, data: Uint8Array, length?: number): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(header);
  return bytesFrom(littleEndian(8, length ?? bytes.length), bytes, data);
}

/** The numbers of all tensors that are read, `-0` kept apart from 0 by `Object.is`. */
export async function contentsOf(
  file: TensorFile,
): Promise<Record<string, { kind: string; shape: readonly number[]; values: number[] }>> {
  const contents = Object.create(null);
  for (const [name, tensor] of Object.entries(file.tensors)) {
    const { data, shape } = await tensor.read();
    if (String(shape) !== String(tensor.shape)) throw new Error(`${name}: read [${shape}] of [${tensor.shape}]`);
    contents[name] = { kind: tensor.kind, shape, values: Array.from(data) };
  }
  return contents;
}

/** The tensor of a name. */
export function tensorOf(file: TensorFile, name: string): FileTensor {
  const tensor = file.tensors[name];
  if (tensor === undefined) throw new Error(`no ${name} in ${Object.keys(file.tensors)}`);
  return tensor;
}
