/** JSON lines: a record a line, gzipped or not. */
import { inputError } from '../compare/fault.ts';
import type { FileRecord, RecordSource, RecordStream } from './records.ts';
import { textOf } from './textOf.ts';

const together = 512;

/** A source of records. */
export function jsonLinesSource(path: string, name: string): RecordSource {
  return { name, rows: undefined, read: () => readLines(path, name), close: async () => undefined };
}

async function* readLines(path: string, name: string): RecordStream {
  let records: FileRecord[] = [];
  let row = 0;
  for await (const lines of linesOf(path, name)) {
    for (const line of lines) {
      if (line.trim() === '') continue;
      records.push(parsed(name, line, row++));
      if (records.length < together) continue;
      yield records;
      records = [];
    }
  }
  if (records.length > 0) yield records;
}

/** Lines as they come; not by `node:readline`, which ends a line also within a text, at U+2028. */
async function* linesOf(path: string, name: string): AsyncGenerator<readonly string[], void, void> {
  const text = textOf(path).setEncoding('utf8');
  let open = '';
  try {
    for await (const chunk of text as AsyncIterable<string>) {
      const [first = '', ...others] = chunk.split('\n');
      open += first;
      const last = others.pop();
      if (last === undefined) continue;
      yield [open, ...others];
      open = last;
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw inputError(`${name}: ${message.replace(/\.?$/, '.')}`, error);
  } finally {
    text.destroy();
  }
  yield [open];
}

function parsed(name: string, line: string, row: number): FileRecord {
  let record: unknown;
  try {
    // A byte order mark stands before the first record.
    record = JSON.parse(row === 0 ? line.replace(/^\ufeff/, '') : line);
  } catch (error) {
    throw inputError(`${name}: row ${row} (rows count from 0) must be JSON, got ${shortened(line)}.`, error);
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw inputError(`${name}: row ${row} (rows count from 0) must be an object, got ${shortened(line)}.`);
  }
  return record as FileRecord;
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
