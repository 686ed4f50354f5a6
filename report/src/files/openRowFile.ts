/** Opens a file of any format, by its ending or, where that says nothing, by its first bytes. */
import { open } from 'node:fs/promises';
import { inputError } from '../compare/fault.ts';
import { openArrayFile } from './arrayFile.ts';
import { csvSource } from './csvFile.ts';
import { jsonLinesSource } from './jsonLinesFile.ts';
import { parquetSource } from './parquetFile.ts';
import { openRecords } from './records.ts';
import type { RowFile } from './rowFile.ts';

type Format = 'arrays' | 'parquet' | 'csv' | 'tsv' | 'jsonLines';

const endings: readonly (readonly [RegExp, Format])[] = [
  [/\.(npy|npz|safetensors)$/i, 'arrays'],
  [/\.(parquet|pq)$/i, 'parquet'],
  [/\.csv(\.gz)?$/i, 'csv'],
  [/\.tsv(\.gz)?$/i, 'tsv'],
  [/\.(jsonl|ndjson)(\.gz)?$/i, 'jsonLines'],
];

/** Opens a file. */
export async function openRowFile(path: string): Promise<RowFile> {
  const format = await formatOf(path);
  if (format === 'arrays') return openArrayFile(path, path);
  if (format === 'parquet') return opened(parquetSource(path, path));
  if (format === 'jsonLines') return opened(jsonLinesSource(path, path));
  return opened(csvSource(path, path, format === 'csv' ? ',' : '\t'));
}

async function opened(source: Parameters<typeof openRecords>[0] | ReturnType<typeof parquetSource>): Promise<RowFile> {
  const found = await source;
  try {
    return await openRecords(found);
  } catch (error) {
    await found.close();
    throw error;
  }
}

async function formatOf(path: string): Promise<Format> {
  const start = await firstBytes(path);
  const [, format] = endings.find(([ending]) => ending.test(path)) ?? [];
  if (format !== undefined) return format;
  if (start.startsWith('PAR1')) return 'parquet';
  if (start.startsWith('\x93NUMPY') || start.startsWith('PK') || start[8] === '{') return 'arrays';
  throw inputError(
    `${path}: the file must be .npy, .npz, .safetensors, .parquet, .csv, .tsv or .jsonl, got none of these endings.`,
  );
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'it may not be read',
};

async function firstBytes(path: string): Promise<string> {
  try {
    const handle = await open(path);
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(16), 0, 16, 0);
      if (bytesRead === 0) throw inputError(`${path}: the file must hold rows, got an empty one.`);
      return String.fromCharCode(...buffer.subarray(0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code } = error as { readonly code?: string };
    const reason = code === undefined ? undefined : reasons[code];
    if (reason === undefined) throw error;
    throw inputError(`${path} cannot be read: ${reason}.`, error);
  }
}
