/** The files of a comparison, opened: which column of each is what, and whether they fit together. */
import { existsSync } from 'node:fs';
import { inFile, inputError } from '../compare/fault.ts';
import type { Holds } from '../compare/scoreRow.ts';
import { type CompareOptions, checkStudentName, type Run, type Setup, teacherName } from '../compare/setup.ts';
import {
  groupColumn,
  isGroupName,
  labelColumn,
  labelColumnBeside,
  listed,
  type ModelColumns,
  modelColumns,
  type RowKeys,
  rowKeys,
} from './roles.ts';
import type { RowFile } from './rowFile.ts';

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

/** A column of one value a row. */
export interface Lists {
  readonly file: RowFile;
  readonly column: string;
  readonly keys: RowKeys;
}

/** A model's trial with its file. */
export interface OpenedRun extends ModelColumns {
  readonly file: RowFile;
  readonly run: Run;
  readonly keys: RowKeys;
}

/** All files of a comparison. */
export interface Opened {
  readonly setup: Omit<Setup, 'options'>;
  readonly labels: Lists;
  readonly groups: Lists | undefined;
  /** The teacher, then the students' trials. */
  readonly runs: readonly OpenedRun[];
}

/** Opens all files and says which column of each is what. */
export async function openAll(
  inputs: CompareFilesInputs,
  openFile: (path: string) => Promise<RowFile>,
): Promise<Opened> {
  const names = Object.keys(inputs.students);
  if (names.length === 0) throw inputError('There must be at least one student, got none: --student NAME=FILE.');
  for (const name of names) checkStudentName(name);
  const teacher = await openRun(teacherName, inputs.teacher, inputs.from, openFile);
  const labels = await openLabels(inputs, teacher, openFile);
  const groups = await openGroups(inputs, [labels.file, teacher.file], openFile);
  const students: OpenedRun[] = [];
  for (const name of names) {
    const paths = inputs.students[name]!;
    for (const path of paths) {
      const opened = await openRun(name, path, inputs.from, openFile);
      students.push(opened);
      refuseDouble(opened, students);
    }
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
  const keys = rowKeys(file, columns.scores, labelColumnBeside(file, columns.scores));
  return {
    ...columns,
    file,
    keys,
    run: { model, holds, said, layers: Object.keys(columns.features), place: inFile(file.name) },
  };
}

/** `FILE#COLUMN`, unless a file is called so. */
function splitColumn(given: string): { readonly path: string; readonly column: string | undefined } {
  const at = given.lastIndexOf('#');
  if (at <= 0 || existsSync(given)) return { path: given, column: undefined };
  return { path: given.slice(0, at), column: given.slice(at + 1) };
}

async function openLabels(
  inputs: CompareFilesInputs,
  teacher: OpenedRun,
  openFile: (path: string) => Promise<RowFile>,
): Promise<Lists> {
  const { path, column: wanted } = splitColumn(inputs.labels ?? splitColumn(inputs.teacher).path);
  const file = await openFile(path);
  const column = inputs.labels === undefined ? labelColumnBeside(file, teacher.scores) : labelColumn(file, wanted);
  if (column !== undefined) return { file, column, keys: rowKeys(file, column, column) };
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
      if (column !== undefined) return groupsIn(await openFile(name), column);
    }
    return undefined;
  }
  const { path, column: wanted } = splitColumn(groups);
  const file = await openFile(path);
  const column = groupColumn(file, wanted);
  if (column !== undefined) return groupsIn(file, column);
  throw inputError(
    `${file.name} must hold groups, got ${listed(Object.keys(file.columns))}. FILE#COLUMN names another column.`,
  );
}

function groupsIn(file: RowFile, column: string): Lists {
  return { file, column, keys: rowKeys(file, column, undefined) };
}

/** A trial that counts twice would make the interval of a new training narrow. */
function refuseDouble({ file, scores, run }: OpenedRun, students: readonly OpenedRun[]): void {
  const same = students.filter((other) => other.run.model === run.model && other.file.name === file.name);
  if (same.filter((other) => other.scores === scores).length < 2) return;
  throw inputError(`Trials of ${run.model} must be different files, got ${scores} of ${file.name} twice.`);
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
