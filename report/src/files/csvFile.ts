/** CSV and tab-separated files, with a header, gzipped or not. */
import { parse } from 'csv-parse';
import { inputError } from '../compare/fault.ts';
import type { FileRecord, RecordSource, RecordStream } from './records.ts';
import { textOf } from './textOf.ts';

/** Records that go on together. */
const together = 512;

/** A source of records. */
export function csvSource(path: string, name: string, delimiter: string): RecordSource {
  return { name, rows: undefined, read: () => readCsv(path, name, delimiter), close: async () => undefined };
}

async function* readCsv(path: string, name: string, delimiter: string): RecordStream {
  const text = textOf(path);
  const parser = parse({ delimiter, bom: true, columns: true, skip_empty_lines: true });
  text.on('error', (error) => parser.destroy(error));
  let records: FileRecord[] = [];
  try {
    for await (const record of text.pipe(parser)) {
      records.push(record as FileRecord);
      if (records.length < together) continue;
      yield records;
      records = [];
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw inputError(`${name}: ${message.replace(/\.?$/, '.')}`, error);
  } finally {
    parser.destroy();
    text.destroy();
  }
  if (records.length > 0) yield records;
}
