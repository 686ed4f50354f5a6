/** JSON lines: a record a line, gzipped or not. */
import { createInterface } from 'node:readline';
import { inputError } from '../compare/fault.ts';
import type { FileRecord, RecordSource, RecordStream } from './records.ts';
import { textOf } from './textOf.ts';

const together = 512;

/** A source of records. */
export function jsonLinesSource(path: string, name: string): RecordSource {
  return { name, rows: undefined, read: () => readLines(path, name), close: async () => undefined };
}

async function* readLines(path: string, name: string): RecordStream {
  const text = textOf(path);
  const lines = createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY });
  // readline passes errors of its input on to nobody.
  let failure: Error | undefined;
  text.on('error', (error) => {
    failure = error;
    lines.close();
  });
  let records: FileRecord[] = [];
  let row = 0;
  try {
    for await (const line of lines) {
      if (line.trim() === '') continue;
      records.push(parsed(name, line, row++));
      if (records.length < together) continue;
      yield records;
      records = [];
    }
  } finally {
    lines.close();
    text.destroy();
  }
  if (failure !== undefined) throw inputError(`${name}: ${failure.message}.`, failure);
  if (records.length > 0) yield records;
}

function parsed(name: string, line: string, row: number): FileRecord {
  let record: unknown;
  try {
    record = JSON.parse(line);
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
