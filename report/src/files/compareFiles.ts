/** A comparison of files: all of them walked side by side, some rows at a time. */
import type { HostTensor } from 'dark-knowledge';
import { type Comparer, comparer } from '../compare/comparer.ts';
import type { Comparison } from '../compare/comparison.ts';
import { inputError } from '../compare/fault.ts';
import { checkOptions, type RunPart, type Setup } from '../compare/setup.ts';
import { type CompareFilesInputs, type Opened, type OpenedRun, openAll } from './openAll.ts';
import { openRowFile } from './openRowFile.ts';
import type { RowKeys } from './roles.ts';
import { type ColumnValues, isNumbers, type RowBatch, type RowFile, type RowWalk } from './rowFile.ts';

/** How far a comparison is. */
export interface FilesProgress {
  readonly stage: 'reading' | 'resampling';
  readonly done: number;
  /** Undefined where only reading to the end tells. */
  readonly of: number | undefined;
}

/** Numbers of all files that are held at once, about: 32 MB. */
const numbersTogether = 2 ** 22;
const mostRows = 8192;

/** Compares files. `onProgress` is awaited, so that signals are heard between two steps. */
export async function compareFiles(
  inputs: CompareFilesInputs,
  onProgress: (progress: FilesProgress) => void | Promise<void> = () => undefined,
): Promise<Comparison> {
  const options = checkOptions('', inputs);
  const opened: RowFile[] = [];
  try {
    const found = await openAll(inputs, async (path) => {
      const file = await openRowFile(path);
      opened.push(file);
      return file;
    });
    const setup: Setup = { ...found.setup, options };
    const running = comparer(setup);
    await walkAll(found, running, onProgress);
    const finishing = running.finish();
    let step = finishing.next();
    for (; !step.done; step = finishing.next()) await onProgress({ stage: 'resampling', ...step.value });
    return step.value;
  } finally {
    await Promise.all(opened.map((file) => file.close()));
  }
}

/** A file's walk with what is told of it. */
interface Walking {
  readonly walk: RowWalk;
  readonly file: RowFile;
  readonly column: string;
  readonly keys: RowKeys;
}

async function walkAll(
  { labels, groups, runs }: Opened,
  running: Comparer,
  onProgress: (progress: FilesProgress) => void | Promise<void>,
): Promise<void> {
  const lists = [labels, ...(groups ? [groups] : [])];
  const holders = [...lists, ...runs];
  // What one file alone says of its rows is not read.
  const shared = (keys: RowKeys): RowKeys =>
    Object.fromEntries(
      Object.entries(keys).filter(([holds]) => holders.filter(({ keys: own }) => holds in own).length > 1),
    );
  const walks: Walking[] = [
    ...lists.map(({ file, column, keys }) => walking(file, column, [], shared(keys))),
    ...runs.map(({ file, scores, features, keys }) => walking(file, scores, Object.values(features), shared(keys))),
  ];
  const total = checkRows(walks);
  const widths = runs.reduce((sum, { file, scores, features }) => {
    const columns = [scores, ...Object.values(features)].map((column) => file.columns[column]!.shape);
    return (
      sum + columns.flatMap((shape) => [shape.reduce((size, extent) => size * extent, 1)]).reduce((a, b) => a + b, 0)
    );
  }, 0);
  const size = Math.max(16, Math.min(mostRows, Math.floor(numbersTogether / widths)));
  for (let rows = 0; ; ) {
    const batches = await Promise.all(walks.map(({ walk }) => walk.next(size)));
    checkBatches(walks, batches, rows);
    const count = batches[0]!.rows;
    if (count === 0) return;
    const list = (index: number) => batches[index]!.columns[walks[index]!.column]!;
    const given = list(0);
    const parts = runs.map((run, index) => partOf(run, batches[lists.length + index]!));
    running.add({
      rows: count,
      labels: isNumbers(given) ? numbersOf(walks[0]!, given) : given,
      groups: groups && groupsOf(list(1)),
      teacher: parts[0]!,
      students: parts.slice(1),
    });
    checkKeys(walks, batches, rows);
    rows += count;
    await onProgress({ stage: 'reading', done: rows, of: total });
  }
}

function walking(file: RowFile, column: string, others: readonly string[], keys: RowKeys): Walking {
  return { walk: file.walk([...new Set([column, ...others, ...Object.values(keys)])]), file, column, keys };
}

function numbersOf({ file, column }: Walking, { data, shape }: HostTensor): HostTensor['data'] {
  if (data.length === shape[0]) return data;
  throw inputError(`${file.name}: ${column} must be one number a row, got shape [${shape.join(', ')}].`);
}

function groupsOf(values: RowBatch['columns'][string]): ArrayLike<number | string> {
  return isNumbers(values) ? values.data : values;
}

function partOf({ file, run, scores, features }: OpenedRun, { columns }: RowBatch): RunPart {
  const numbers = (column: string): HostTensor => {
    const values = columns[column]!;
    if (isNumbers(values)) return values;
    const word = values.find((value) => typeof value === 'string');
    throw inputError(`${file.name}: ${column} must be numbers, got ${JSON.stringify(word)}.`);
  };
  const layers = Object.entries(features).map(([layer, column]) => [layer, numbers(column)] as const);
  const given = numbers(scores);
  // A column of classes may come as [rows, 1].
  const flat = run.holds === 'predictions' ? { data: given.data, shape: [given.data.length] } : given;
  return { scores: flat, features: Object.fromEntries(layers) };
}

/** Rows of all, where files say so before they are read; refuses files that differ. */
function checkRows(walks: readonly Walking[]): number | undefined {
  const known = walks.map(({ file, column }) => file.rowsOf(column));
  const first = known.findIndex((rows) => rows !== undefined);
  known.forEach((rows, index) => {
    if (rows === undefined || rows === known[first]) return;
    const [one, other] = [walks[first]!, walks[index]!];
    throw inputError(
      `${other.file.name}: ${other.column} must have the ${known[first]} rows of ${one.file.name}, got ${rows}.`,
    );
  });
  return known[first];
}

function checkBatches(walks: readonly Walking[], batches: readonly RowBatch[], rows: number): void {
  const least = batches.reduce((found, { rows: own }, index) => (own < batches[found]!.rows ? index : found), 0);
  const most = batches.reduce((found, { rows: own }, index) => (own > batches[found]!.rows ? index : found), 0);
  if (batches[least]!.rows === batches[most]!.rows) return;
  throw inputError(
    `${walks[least]!.file.name} must have the rows of ${walks[most]!.file.name}, got ${rows + batches[least]!.rows}, and there are more.`,
  );
}

/** Refuses files whose rows are in different orders, where labels or names of rows tell: every number would be wrong. */
function checkKeys(walks: readonly Walking[], batches: readonly RowBatch[], rows: number): void {
  const first = new Map<string, { readonly file: RowFile; readonly column: string; readonly values: ColumnValues }>();
  for (const [index, { file, keys }] of walks.entries()) {
    for (const [holds, column] of Object.entries(keys)) {
      const values = batches[index]!.columns[column]!;
      const other = first.get(holds);
      // Classes by name, beside classes by number, cannot be told to be others.
      if (holds === 'labels' && !isNumbers(values)) continue;
      if (other === undefined) first.set(holds, { file, column, values });
      else if (other.file.name !== file.name || other.column !== column) {
        const [own, wanted] = [listOf(values), listOf(other.values)];
        const row = differing(own, wanted);
        if (row === undefined) continue;
        throw inputError(
          `${file.name}: ${column} must be those of ${other.file.name}, row by row, got ${own[row]} for ${wanted[row]} in row ${rows + row} (rows count from 0). Rows in another order? A column of another name is not compared.`,
        );
      }
    }
  }
}

function listOf(values: ColumnValues): ArrayLike<number | string> {
  return isNumbers(values) ? values.data : values;
}

function differing(own: ArrayLike<number | string>, other: ArrayLike<number | string>): number | undefined {
  for (let row = 0; row < own.length; row++) {
    if (own[row] !== other[row] && String(own[row]) !== String(other[row])) return row;
  }
  return undefined;
}
