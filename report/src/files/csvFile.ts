/** CSV and tab-separated files, with a header, gzipped or not. */
import { parse } from 'csv-parse';
import { inputError, isInputError } from '../compare/fault.ts';
import { type FileRecord, type RecordSource, type RecordStream, refuseDoubles } from './records.ts';
import { textOf } from './textOf.ts';

/** Records that go on together. */
const together = 512;

/** A source of records. */
export function csvSource(path: string, name: string, delimiter: string): RecordSource {
  return { name, rows: undefined, read: () => readCsv(path, name, delimiter), close: async () => undefined };
}

async function* readCsv(path: string, name: string, delimiter: string): RecordStream {
  const text = textOf(path);
  const columns = (names: string[]): string[] => checkedHeader(name, names);
  const parser = parse({ delimiter, bom: true, columns, skip_empty_lines: true });
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
    if (isInputError(error)) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw inputError(`${name}: ${message.replace(/\.?$/, '.')}`, error);
  } finally {
    parser.destroy();
    text.destroy();
  }
  if (records.length > 0) yield records;
}

/** The first line, unless it is a row: taken for names, it would be missing among the rows. */
function checkedHeader(file: string, names: string[]): string[] {
  if (names.every((each) => each.trim() !== '' && !Number.isNaN(Number(each)))) {
    throw inputError(
      `${file}: the first line must be a header of the columns' names, got numbers: ${names.slice(0, 4).join(', ')}.`,
    );
  }
  refuseDoubles(file, names);
  return names;
}
