/** Parquet, a row group at a time. */
import { open } from 'node:fs/promises';
import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { inputError } from '../compare/fault.ts';
import { checkPages } from './parquetPages.ts';
import { type FileRecord, type RecordSource, refuseDoubles } from './records.ts';

/** A source of records. */
export async function parquetSource(path: string, name: string): Promise<RecordSource> {
  const handle = await open(path);
  const said = async <Value>(work: () => Value | Promise<Value>): Promise<Value> => {
    try {
      return await work();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw inputError(`${name}: ${message.replace(/\.?$/, '.')}`, error);
    }
  };
  try {
    const { size } = await handle.stat();
    const file: AsyncBuffer = {
      byteLength: size,
      async slice(start, end = size) {
        const bytes = new Uint8Array(end - start);
        let filled = 0;
        while (filled < bytes.length) {
          const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
          if (bytesRead === 0) throw new Error(`the file ends at byte ${start + filled}`);
          filled += bytesRead;
        }
        return bytes.buffer;
      },
    };
    // Without what it asks of maps, which some damaged footers send round in circles.
    const metadata = await said(() => parquetMetadataAsync(file, { geoparquet: false }));
    const rows = metadata.row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
    if (rows !== Number(metadata.num_rows) || metadata.row_groups.some(({ num_rows }) => num_rows < 0n)) {
      throw inputError(`${name}: the row groups must be of ${metadata.num_rows} rows, got ${rows}.`);
    }
    const names = (await said(() => parquetSchema(metadata))).children.map(({ element }) => element.name);
    refuseDoubles(name, names);
    return {
      name,
      rows: Number(metadata.num_rows),
      async *read(columns) {
        let rowStart = 0;
        for (const { num_rows, columns: chunks } of metadata.row_groups) {
          const rowEnd = rowStart + Number(num_rows);
          // The first look needs one row, a walk all of them.
          const wanted = columns && names.filter((each) => columns.some((column) => isIn(each, column)));
          for (const { meta_data } of chunks) {
            if (meta_data === undefined || (wanted && !wanted.includes(meta_data.path_in_schema[0]!))) continue;
            await said(() => checkPages(file, meta_data));
          }
          const range = { rowStart, rowEnd: columns === undefined ? rowStart + 1 : rowEnd };
          const given = { file, metadata, compressors, ...range, ...(wanted && { columns: wanted }) };
          yield (await said(() => parquetReadObjects(given))) as FileRecord[];
          rowStart = rowEnd;
        }
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Whether a column is what a field of the file holds, or lies within it; a field's own name may have points. */
function isIn(field: string, column: string): boolean {
  return column === field || column.startsWith(`${field}.`);
}
