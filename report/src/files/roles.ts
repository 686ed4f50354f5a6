/** Which column of a file is what, by its name. */
import { inputError } from '../compare/fault.ts';
import type { Holds } from '../compare/scoreRow.ts';
import type { RowFile } from './rowFile.ts';

/** Names by what they hold, the first of which is taken. */
const scoreNames: Readonly<Record<Holds, readonly string[]>> = {
  logits: ['logits', 'logit', 'log_probabilities', 'logprobs', 'log_probs'],
  probabilities: ['probabilities', 'probability', 'probs', 'prob', 'softmax'],
  predictions: ['predictions', 'prediction', 'preds', 'pred', 'predicted', 'y_pred'],
};

const labelNames = ['labels', 'label', 'targets', 'target', 'y', 'y_true'];
const groupNames = ['groups', 'group'];

/** What says which row a row is. */
const rowNames = ['ids', 'id', 'index', 'indices'];

/** What lies beside scores and is no layer of a model. */
const otherNames = [...rowNames, 'images', 'image', 'inputs', 'input', 'x', 'row_weights'];

const known = new Set([...Object.values(scoreNames).flat(), ...labelNames, ...groupNames, ...otherNames]);

/** What a file of a model holds. */
export interface ModelColumns {
  readonly holds: Holds;
  /** Whether a name or an option said so. */
  readonly said: boolean;
  readonly scores: string;
  /** Columns of features, by the layer's name. */
  readonly features: Readonly<Record<string, string>>;
}

/**
 * The columns of a model.
 *
 * @param column The column of its scores, where that was given.
 * @param from What scores are that no name tells, and which of several are taken.
 */
export function modelColumns(file: RowFile, column: string | undefined, from: Holds | undefined): ModelColumns {
  const { holds, scores, said } = scoresIn(file, column, from);
  const rows = file.rowsOf(scores);
  const features = Object.entries(file.columns)
    .filter(([name, { shape }]) => name !== scores && !isKnown(name) && shape.length > 0)
    // A file may hold weights as well.
    .filter(([name]) => file.rowsOf(name) === rows)
    .map(([name]) => [layerOf(name), name] as const);
  for (const [index, [layer, name]] of features.entries()) {
    const [, other] = features.find(([found]) => found === layer)!;
    if (features.findIndex(([found]) => found === layer) === index) continue;
    throw inputError(`${file.name} must hold one array of layer ${layer}, got ${other} and ${name}.`);
  }
  return { holds, said, scores, features: Object.fromEntries(features) };
}

function scoresIn(
  file: RowFile,
  column: string | undefined,
  from: Holds | undefined,
): { readonly holds: Holds; readonly scores: string; readonly said: boolean } {
  const names = Object.keys(file.columns);
  if (column !== undefined) {
    requireColumn(file, column);
    const holds = heldBy(column) ?? from;
    return { holds: holds ?? taken(file, column), scores: column, said: holds !== undefined };
  }
  const kinds = ['logits', 'probabilities', 'predictions'] as const;
  for (const holds of from === undefined ? kinds : [from, ...kinds]) {
    const scores = named(file, scoreNames[holds]);
    if (scores !== undefined) return { holds, scores, said: true };
  }
  const [only] = names;
  if (names.length !== 1 || only === undefined || labelNames.includes(only.toLowerCase())) {
    const wanted = 'logits, probabilities or predictions';
    throw inputError(`${file.name} must hold ${wanted}, got ${listed(names)}. FILE#COLUMN names another column.`);
  }
  return { holds: from ?? taken(file, only), scores: only, said: from !== undefined };
}

/** Without a name, a table is logits and a list is classes. */
function taken(file: RowFile, column: string): Holds {
  return file.columns[column]!.shape.length === 0 ? 'predictions' : 'logits';
}

function heldBy(column: string): Holds | undefined {
  return (Object.keys(scoreNames) as Holds[]).find((holds) => scoreNames[holds].includes(column.toLowerCase()));
}

/** The column of labels, undefined where the file has none. */
export function labelColumn(file: RowFile, column: string | undefined): string | undefined {
  return listColumn(file, labelNames, column);
}

/** The column of labels beside a model's scores: by its name alone, as another single column is what the model said. */
export function labelColumnBeside(file: RowFile, scores: string): string | undefined {
  const column = named(file, labelNames);
  return column === scores || column === undefined || !isList(file, column) ? undefined : column;
}

/** Columns that say which row a row is, by what they hold: where two files have one, they must hold the same. */
export type RowKeys = Readonly<Record<string, string>>;

/** The columns beside another that say which row a row is: names of rows, and labels where there is a column of them. */
export function rowKeys(file: RowFile, beside: string, labels: string | undefined): RowKeys {
  const names = Object.keys(file.columns).filter((name) => rowNames.includes(name.toLowerCase()));
  const keys = [...names.map((name) => [name.toLowerCase(), name] as const), ['labels', labels] as const];
  return Object.fromEntries(
    keys.flatMap(([holds, name]) => {
      if (name === undefined || !isList(file, name) || file.columns[name]!.unreadable) return [];
      return file.rowsOf(name) === file.rowsOf(beside) ? [[holds, name] as const] : [];
    }),
  );
}

function isList(file: RowFile, column: string): boolean {
  return file.columns[column]!.shape.every((extent) => extent === 1);
}

/** The column of groups. */
export function groupColumn(file: RowFile, column: string | undefined): string | undefined {
  return listColumn(file, groupNames, column);
}

/** Whether a column holds groups by its name. */
export function isGroupName(column: string): boolean {
  return groupNames.includes(column.toLowerCase());
}

function listColumn(file: RowFile, names: readonly string[], column: string | undefined): string | undefined {
  if (column !== undefined) return requireColumn(file, column);
  const all = Object.keys(file.columns);
  return named(file, names) ?? (all.length === 1 ? all[0] : undefined);
}

/** Refuses a column that is not there. */
function requireColumn(file: RowFile, column: string): string {
  if (Object.hasOwn(file.columns, column)) return column;
  throw inputError(`${file.name} must hold the column ${column}, got ${listed(Object.keys(file.columns))}.`);
}

function named(file: RowFile, names: readonly string[]): string | undefined {
  const own = Object.keys(file.columns);
  return names.flatMap((name) => own.filter((each) => each.toLowerCase() === name))[0];
}

/** Known names, as they are and as those that numbers were added to. */
function isKnown(name: string): boolean {
  return known.has(name.toLowerCase());
}

function layerOf(name: string): string {
  return name.replace(/^features?[._/ -](?=.)/i, '');
}

/** Names in a sentence. */
export function listed(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  return names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');
}
