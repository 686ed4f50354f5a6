/**
 * Records of CSV, JSON lines and Parquet as columns: lists of numbers as they are, columns `logits_0`, `logits_1`, … as one
 * column `logits`, and what lies within a record under its path.
 */
import type { HostTensor } from 'dark-knowledge';
import { inFile, inputError, rowError } from '../compare/fault.ts';
import type { ColumnValues, RowBatch, RowFile, RowWalk } from './rowFile.ts';

/** A record as a file holds it. */
export type FileRecord = Readonly<Record<string, unknown>>;

/** Records in order, several at a time. */
export type RecordStream = AsyncGenerator<readonly FileRecord[], void, void>;

/** How a format gives its records. */
export interface RecordSource {
  readonly name: string;
  readonly rows: number | undefined;
  /** Begins at the first record; `columns` are those that are wanted, all where left out. */
  read(columns?: readonly string[]): RecordStream;
  close(): Promise<void>;
}

/** A column made of one field or of numbered ones. */
interface Field {
  readonly name: string;
  readonly sources: readonly string[];
  readonly shape: readonly number[];
}

/** Opens a source; its first record says which columns there are. */
export async function openRecords(source: RecordSource): Promise<RowFile> {
  const stream = source.read();
  const { value: [first] = [] } = (await stream.next()) as { readonly value?: readonly FileRecord[] };
  await stream.return();
  if (first === undefined) throw inputError(`${source.name} must have at least one row, got none.`);
  const fields = new Map(fieldsOf(flat(source.name, first)).map((field) => [field.name, field]));
  return {
    name: source.name,
    rows: source.rows,
    rowsOf: () => source.rows,
    columns: Object.fromEntries([...fields.values()].map(({ name, shape }) => [name, { shape }])),
    walk: (columns) =>
      walkOver(
        source,
        columns.map((column) => fields.get(column)!),
      ),
    close: () => source.close(),
  };
}

/** Refuses columns of one name: a record would hold the last of them. */
export function refuseDoubles(file: string, names: readonly string[]): void {
  if (new Set(names).size === names.length) return;
  const double = names.find((name, index) => names.indexOf(name) < index);
  throw inputError(`${file} must hold columns of different names, got ${double} twice.`);
}

function walkOver(source: RecordSource, fields: readonly Field[]): RowWalk {
  const stream = source.read(fields.flatMap(({ sources }) => sources));
  let waiting: readonly FileRecord[] = [];
  let row = 0;
  return {
    async next(most): Promise<RowBatch> {
      const taken: FileRecord[] = [];
      while (taken.length < most) {
        if (waiting.length === 0) {
          const step = await stream.next();
          if (step.done) break;
          waiting = step.value;
        }
        const room = most - taken.length;
        for (const record of waiting.slice(0, room)) taken.push(flat(source.name, record));
        waiting = waiting.slice(room);
      }
      const first = row;
      row += taken.length;
      const columns = fields.map((field) => [field.name, valuesOf(source.name, field, taken, first)] as const);
      return { rows: taken.length, columns: Object.fromEntries(columns) };
    },
  };
}

/** Records within a record by their paths: `features.block1`. */
function flat(file: string, record: FileRecord): FileRecord {
  if (!Object.values(record).some(isRecord)) return record;
  const fields = [...pathsOf(record, '')];
  refuseDoubles(
    file,
    fields.map(([path]) => path),
  );
  return Object.fromEntries(fields);
}

function* pathsOf(record: FileRecord, prefix: string): Generator<readonly [path: string, value: unknown]> {
  for (const [name, value] of Object.entries(record)) {
    if (isRecord(value)) yield* pathsOf(value, `${prefix}${name}.`);
    else yield [prefix + name, value];
  }
}

function isRecord(value: unknown): value is FileRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

const numbered = /^(.+?)[._ -]?(?:\[(\d+)\]|(\d+))$/;

function fieldsOf(record: FileRecord): Field[] {
  const families = new Map<string, { readonly number: number; readonly source: string }[]>();
  for (const [source, value] of Object.entries(record)) {
    const match = numbered.exec(source);
    if (match === null || typeof value === 'object') continue;
    const members = families.get(match[1]!) ?? [];
    members.push({ number: Number(match[2] ?? match[3]), source });
    families.set(match[1]!, members);
  }
  const joined = new Map<string, Field>();
  const members = new Set<string>();
  for (const [name, family] of families) {
    family.sort((one, other) => one.number - other.number);
    const start = family[0]!.number;
    const whole = family.length > 1 && start <= 1 && family.every(({ number }, index) => number === start + index);
    if (!whole || name in record) continue;
    for (const { source } of family) members.add(source);
    joined.set(name, { name, sources: family.map(({ source }) => source), shape: [family.length] });
  }
  const single = Object.entries(record)
    .filter(([name]) => !members.has(name))
    .map(([name, value]): Field => ({ name, sources: [name], shape: shapeOf(value) }));
  return [...single, ...joined.values()];
}

function shapeOf(value: unknown): number[] {
  if (!isList(value)) return [];
  return [value.length, ...shapeOf(value[0])];
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}

function valuesOf(file: string, field: Field, records: readonly FileRecord[], first: number): ColumnValues {
  const { name, sources, shape } = field;
  const place = inFile(file);
  if (shape.length === 0) {
    const values = records.map((record, index) => {
      const value = single(record[name]);
      if (value === undefined) throw rowError(place, name, 'a number or a word', record[name], first + index);
      // Where a decoder met other bytes than UTF-8, different words have become one.
      if (typeof value === 'string' && value.includes('\ufffd')) {
        throw rowError(place, name, 'a word in UTF-8', JSON.stringify(value), first + index);
      }
      return value;
    });
    if (!values.every((value) => typeof value === 'number')) return values;
    return { data: Float64Array.from(values), shape: [values.length] };
  }
  const width = shape.reduce((size, extent) => size * extent, 1);
  const data = new Float64Array(records.length * width);
  const wanted = width === 1 ? 'one number' : `${shape.join(' × ')} numbers`;
  records.forEach((record, index) => {
    const value = sources.length === 1 ? record[name] : sources.map((source) => record[source]);
    const filled = fill(data, index * width, (index + 1) * width, value);
    if (filled !== (index + 1) * width || !hasShape(value, shape)) {
      throw rowError(
        place,
        name,
        `${wanted} as in row 0`,
        describe(value, filled - index * width, width),
        first + index,
      );
    }
  });
  return { data, shape: [records.length, ...shape] } satisfies HostTensor;
}

/** Writes nested numbers; says where they end, or NaN for what is no number or too much. */
function fill(data: Float64Array, at: number, end: number, value: unknown): number {
  if (isList(value)) {
    let next = at;
    for (let index = 0; index < value.length; index++) next = fill(data, next, end, value[index]);
    return next;
  }
  const number = plain(value);
  if (typeof number !== 'number' || at >= end) return Number.NaN;
  data[at] = number;
  return at + 1;
}

/** Whether lists are as long, and as deep, as their shape: as many numbers may be in other lists. */
function hasShape(value: unknown, [extent, ...axes]: readonly number[]): boolean {
  if (extent === undefined) return !isList(value);
  if (!isList(value) || value.length !== extent) return false;
  for (let index = 0; index < extent; index++) if (!hasShape(value[index], axes)) return false;
  return true;
}

function describe(value: unknown, filled: number, wanted: number): string {
  if (!isList(value)) return JSON.stringify(value) ?? 'nothing';
  const odd = Array.from(value).find((each) => !isList(each) && typeof plain(each) !== 'number');
  if (odd !== undefined || Array.from(value).includes(null)) return JSON.stringify(odd ?? null);
  if (filled === wanted) return `${filled} in lists of other lengths`;
  return Number.isNaN(filled) ? 'others' : String(filled);
}

const infinity = /^[+-]?inf(inity)?$/i;
/** What is a name, of a group say, as well as a number, which others would share: 007 with 7, 1e3 with 1000. */
const namely = /^[+-]?0\d|^[^.]*\de\d/i;

/** Whether a number is of another base, as 0x10 is: a name, where nobody writes scores so. */
function isOtherBase(text: string): boolean {
  return text.startsWith('0') && 'xobXOB'.includes(text.charAt(1)) && text.length > 1;
}

/** A single value: a number or a word. */
function single(value: unknown): number | string | undefined {
  return typeof value === 'string' && namely.test(value.trim()) ? value.trim() : plain(value);
}

/** A number or a word; numbers come as words in CSV, as bigints in Parquet. */
function plain(value: unknown): number | string | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value);
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (text === '') return undefined;
  const number = Number(text);
  if (!Number.isNaN(number)) return isOtherBase(text) ? text : number;
  if (/^nan$/i.test(text)) return Number.NaN;
  if (infinity.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return text;
}
