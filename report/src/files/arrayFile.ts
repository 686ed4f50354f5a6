/** `.npy`, `.npz` and `.safetensors` as files of rows. */
import { open } from 'node:fs/promises';
import { openTensors } from 'dark-knowledge/files';
import { inputError } from '../compare/fault.ts';
import type { ColumnValues, FileColumn, RowFile } from './rowFile.ts';

/** Opens a file of arrays; the first axis of each is its rows. */
export async function openArrayFile(path: string, name: string): Promise<RowFile> {
  const handle = await open(path);
  const said = async <Value>(promise: Promise<Value>): Promise<Value> => {
    try {
      return await promise;
    } catch (error) {
      throw inputError(`${name}: ${error instanceof Error ? error.message : String(error)}`, error);
    }
  };
  try {
    const { tensors } = await said(openTensors(handle, { name }));
    const arrays = Object.values(tensors).filter(({ shape }) => shape.length > 0);
    const columns: Record<string, FileColumn> = {};
    for (const { name: own, shape, rows } of arrays) {
      // No rows of a kind that is not read are refused as all of them would be.
      const unreadable = await rows(0, 0).then(
        () => false,
        () => true,
      );
      columns[own] = { shape: shape.slice(1), ...(unreadable && { unreadable }) };
    }
    const found = new Map(arrays.map((tensor) => [tensor.name, tensor]));
    return {
      name,
      columns,
      rows: arrays[0]?.shape[0],
      rowsOf: (column) => found.get(column)?.shape[0],
      walk(columns) {
        const chosen = columns.map((column) => found.get(column)!);
        const rows = Math.min(...chosen.map(({ shape }) => shape[0]!));
        let at = 0;
        return {
          async next(most) {
            const [start, end] = [at, Math.min(rows, at + most)];
            at = end;
            const values: Record<string, ColumnValues> = {};
            for (const tensor of chosen) values[tensor.name] = await said(tensor.rows(start, end));
            return { rows: end - start, columns: values };
          },
        };
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
