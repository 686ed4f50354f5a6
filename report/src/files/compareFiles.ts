/** A comparison of files: all of them walked side by side, some rows at a time. */
import { existsSync } from 'node:fs';
import type { HostTensor } from 'dark-knowledge';
import { type Comparer, comparer } from '../compare/comparer.ts';
import type { Comparison } from '../compare/comparison.ts';
import { inFile, inputError } from '../compare/fault.ts';
import type { Holds } from '../compare/scoreRow.ts';
import {
  type CompareOptions,
  checkOptions,
  checkStudentName,
  type Run,
  type RunPart,
  type Setup,
  teacherName,
} from '../compare/setup.ts';
import { openRowFile } from './openRowFile.ts';
import { groupColumn, isGroupName, labelColumn, listed, type ModelColumns, modelColumns } from './roles.ts';
import { isNumbers, type RowBatch, type RowFile, type RowWalk } from './rowFile.ts';

/** Files of a comparison; each path may end in `#column`. */
export interface CompareFilesInputs extends CompareOptions {
  /** Left out, the labels are those of the teacher's file. */
  readonly labels?: string | undefined;
  readonly teacher: string;
  /** Students by name, several files for several trials. */
  readonly students: Readonly<Record<string, readonly string[]>>;
  /** Left out, groups are those of the labels' file or the teacher's, where it has any. */
  readonly groups?: string | undefined;
  /** What scores are whose names do not say it. */
  readonly from?: Holds | undefined;
}

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

interface Lists {
  readonly file: RowFile;
  readonly column: string;
}

interface OpenedRun extends ModelColumns {
  readonly file: RowFile;
  readonly run: Run;
}

interface Opened {
  readonly setup: Omit<Setup, 'options'>;
  readonly labels: Lists;
  readonly groups: Lists | undefined;
  /** The teacher, then the students' trials. */
  readonly runs: readonly OpenedRun[];
}

async function openAll(inputs: CompareFilesInputs, openFile: (path: string) => Promise<RowFile>): Promise<Opened> {
  const names = Object.keys(inputs.students);
  if (names.length === 0) throw inputError('There must be at least one student, got none: --student NAME=FILE.');
  for (const name of names) checkStudentName(name);
  const teacher = await openRun(teacherName, inputs.teacher, inputs.from, openFile);
  const labels = await openLabels(inputs, openFile);
  const groups = await openGroups(inputs, [labels.file, teacher.file], openFile);
  const students: OpenedRun[] = [];
  for (const name of names) {
    for (const path of inputs.students[name]!) students.push(await openRun(name, path, inputs.from, openFile));
  }
  checkLayers(students);
  return {
    setup: {
      teacher: teacher.run,
      students: students.map(({ run }) => run),
      labels: inFile(labels.file.name),
      groups: groups && inFile(groups.file.name),
    },
    labels,
    groups,
    runs: [teacher, ...students],
  };
}

async function openRun(
  model: string,
  given: string,
  from: Holds | undefined,
  openFile: (path: string) => Promise<RowFile>,
): Promise<OpenedRun> {
  const { path, column } = splitColumn(given);
  const file = await openFile(path);
  const columns = modelColumns(file, column, from);
  const { holds, said } = columns;
  return {
    ...columns,
    file,
    run: { model, holds, said, layers: Object.keys(columns.features), place: inFile(file.name) },
  };
}

/** `FILE#COLUMN`, unless a file is called so. */
function splitColumn(given: string): { readonly path: string; readonly column: string | undefined } {
  const at = given.lastIndexOf('#');
  if (at <= 0 || existsSync(given)) return { path: given, column: undefined };
  return { path: given.slice(0, at), column: given.slice(at + 1) };
}

async function openLabels(inputs: CompareFilesInputs, openFile: (path: string) => Promise<RowFile>): Promise<Lists> {
  const { path, column: wanted } = splitColumn(inputs.labels ?? splitColumn(inputs.teacher).path);
  const file = await openFile(path);
  const column = labelColumn(file, wanted);
  if (column !== undefined && (inputs.labels !== undefined || file.columns[column]!.shape.length === 0)) {
    return { file, column };
  }
  const hint = inputs.labels === undefined ? '--labels FILE says where they are.' : 'FILE#COLUMN names another column.';
  throw inputError(`${file.name} must hold labels, got ${listed(Object.keys(file.columns))}. ${hint}`);
}

async function openGroups(
  { groups }: CompareFilesInputs,
  others: readonly RowFile[],
  openFile: (path: string) => Promise<RowFile>,
): Promise<Lists | undefined> {
  if (groups === undefined) {
    for (const { name, columns } of others) {
      const column = Object.keys(columns).find(isGroupName);
      if (column !== undefined) return { file: await openFile(name), column };
    }
    return undefined;
  }
  const { path, column: wanted } = splitColumn(groups);
  const file = await openFile(path);
  const column = groupColumn(file, wanted);
  if (column !== undefined) return { file, column };
  throw inputError(
    `${file.name} must hold groups, got ${listed(Object.keys(file.columns))}. FILE#COLUMN names another column.`,
  );
}

/** Trials of a student must have the same layers, and be of one kind. */
function checkLayers(students: readonly OpenedRun[]): void {
  for (const { run, file } of students) {
    const first = students.find((other) => other.run.model === run.model)!;
    if (run.layers.join('\n') !== first.run.layers.join('\n')) {
      throw inputError(
        `${file.name} must hold the layers of ${first.file.name}, ${listed(first.run.layers)}, got ${listed(run.layers)}.`,
      );
    }
  }
}

/** A file's walk with what is told of it. */
interface Walking {
  readonly walk: RowWalk;
  readonly file: RowFile;
  readonly column: string;
}

async function walkAll(
  { labels, groups, runs }: Opened,
  running: Comparer,
  onProgress: (progress: FilesProgress) => void | Promise<void>,
): Promise<void> {
  const lists = [labels, ...(groups ? [groups] : [])];
  const walks: Walking[] = [
    ...lists.map(({ file, column }) => ({ walk: file.walk([column]), file, column })),
    ...runs.map(({ file, scores, features }) => ({
      walk: file.walk([scores, ...Object.values(features)]),
      file,
      column: scores,
    })),
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
      labels: isNumbers(given) ? numbersOf(walks[0]!, given) : (given as never),
      groups: groups && groupsOf(list(1)),
      teacher: parts[0]!,
      students: parts.slice(1),
    });
    rows += count;
    await onProgress({ stage: 'reading', done: rows, of: total });
  }
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
