/** What opening a file gives, in every format. */
import type { FileTensor } from './fileTensor.ts';

/** Options of the functions that open a file. */
export interface OpenOptions {
  /** The file's name in errors, and in `name`. Default: that of a `File`, else `'the file'`. */
  readonly name?: string;
}

/** A file of tensors: their names, shapes and kinds are known; their elements are read when asked for. */
export interface TensorFile {
  readonly name: string;
  readonly format: 'npy' | 'npz' | 'safetensors';
  /** The tensors by name. */
  readonly tensors: Readonly<Record<string, FileTensor>>;
  /** What a safetensors file says of itself in `__metadata__`; empty in other formats. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The name that errors give a file. */
export function fileName(where: string, source: unknown, options: OpenOptions): string {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${where}: options must be an object such as { name: 'run.npz' }, got ${String(options)}.`);
  }
  const { name = typeof File !== 'undefined' && source instanceof File ? source.name : 'the file' } = options;
  if (typeof name !== 'string') throw new TypeError(`${where}: name must be a string, got ${String(name)}.`);
  return name;
}

/** A record by names that a file chose: one of them may be `__proto__`. */
export function recordOf<Value>(entries: Iterable<readonly [string, Value]>): Readonly<Record<string, Value>> {
  const record: Record<string, Value> = Object.create(null);
  for (const [name, value] of entries) record[name] = value;
  return record;
}
