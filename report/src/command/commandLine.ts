/** The command line: what it takes, and what it says of itself. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { inputError } from '../compare/fault.ts';
import type { Holds } from '../compare/scoreRow.ts';
import type { CompareFilesInputs } from '../files/openAll.ts';

/** What was asked for. */
export type Request =
  | { readonly ask: 'help' }
  | { readonly ask: 'version' }
  | {
      readonly ask: 'report';
      readonly inputs: CompareFilesInputs;
      readonly out: string;
      readonly json: string | undefined;
    };

export const help = `dark-knowledge-report: what students took from their teacher, from files to one page

  dark-knowledge-report --labels y.npy --teacher teacher.npz \\
    --student distilled=s1.npz --student independent=s2.npz --out report.html --json report.json

  --teacher FILE           the teacher's scores
  --student [NAME=]FILE    a student's; again for another student, again with the same NAME for another trial
  --labels FILE            the classes that are right; left out, those of the teacher's file
  --groups FILE            a group for each row: numbers or words; left out, those of the labels' or the teacher's file, if any
  --out FILE               the page (report.html)
  --json FILE              the numbers
  --from KIND              what scores are that no name tells: logits (default), probabilities or predictions
  --class-names FILE       names of the classes, one a line
  --title TEXT             the page's heading
  --confidence SHARE       of all intervals in brackets, and by class and group (0.95); bins and flips are drawn with 0.95
  --resamples COUNT        of the bootstrap (1000)
  --seed NUMBER            same seed, same numbers (0)
  --help, --version

Files: .npy, .npz, .safetensors, .parquet, .csv, .tsv, .jsonl; .gz after the last three. Arrays and columns are known by name:
logits, probabilities or predictions; labels; groups; all other tables with the same rows are layers of features.
FILE#COLUMN names another one. In CSV, columns logits_0, logits_1, … are one table.

Exit status: 0, or 2 for what cannot be read, with one sentence that says why.
`;

/** Reads the arguments. */
export function readCommandLine(given: readonly string[]): Request {
  const { help: helps, version, ...values } = parse(given);
  if (helps) return { ask: 'help' };
  if (version) return { ask: 'version' };
  const { teacher, student = [], labels, groups, out = 'report.html', json, title, from } = values;
  if (teacher === undefined) throw inputError('--teacher FILE must be given, got none. --help shows how.');
  if (student.length === 0) throw inputError('--student NAME=FILE must be given, got none. --help shows how.');
  return {
    ask: 'report',
    out,
    json,
    inputs: {
      teacher,
      students: studentsOf(student),
      labels,
      groups,
      from: holdsOf(from),
      ...(title !== undefined && { title }),
      ...(values['class-names'] !== undefined && { classNames: linesOf(values['class-names']) }),
      ...numberOf('resamples', values.resamples),
      ...numberOf('confidence', values.confidence),
      ...numberOf('seed', values.seed),
    },
  };
}

function parse(given: readonly string[]) {
  try {
    return parseArgs({
      args: [...given],
      options: {
        teacher: { type: 'string' },
        student: { type: 'string', multiple: true },
        labels: { type: 'string' },
        groups: { type: 'string' },
        out: { type: 'string' },
        json: { type: 'string' },
        from: { type: 'string' },
        'class-names': { type: 'string' },
        title: { type: 'string' },
        confidence: { type: 'string' },
        resamples: { type: 'string' },
        seed: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    // parseArgs explains how to pass what looks like an option after its first sentence.
    const [sentence] = (error instanceof Error ? error.message : String(error)).split('. ');
    throw inputError(`${sentence!.replace(/\.$/, '')}. --help shows how.`, error);
  }
}

/** Files by the student's name; without one it is the file's. */
function studentsOf(given: readonly string[]): Record<string, readonly string[]> {
  const students: Record<string, string[]> = {};
  const unnamed = new Set<string>();
  for (const each of given) {
    const at = each.indexOf('=');
    const path = each.slice(at + 1);
    const name = at > 0 ? each.slice(0, at) : basename(path).replace(/(\.[a-z]+)+(#.*)?$/i, '');
    if (path === '') throw inputError(`--student ${each} must name a file, got none.`);
    const files = Object.hasOwn(students, name) ? students[name]! : [];
    // Files of one name in different folders are different students more often than trials of one.
    if (files.length > 0 && (at <= 0 || unnamed.has(name))) {
      throw inputError(
        `--student ${each} must be given a name, as ${name} is taken by ${files[0]}: --student NAME=${path}.`,
      );
    }
    if (at <= 0) unnamed.add(name);
    students[name] = [...files, path];
  }
  return students;
}

function holdsOf(from: string | undefined): Holds | undefined {
  if (from === undefined || from === 'logits' || from === 'probabilities' || from === 'predictions') return from;
  throw inputError(`--from must be logits, probabilities or predictions, got ${from}.`);
}

function numberOf<Name extends string>(name: Name, text: string | undefined): Partial<Record<Name, number>> {
  if (text === undefined) return {};
  const number = Number(text);
  if (text.trim() === '' || Number.isNaN(number)) throw inputError(`--${name} must be a number, got ${text}.`);
  return { [name]: number } as Record<Name, number>;
}

function linesOf(path: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw inputError(`--class-names ${path} cannot be read.`, error);
  }
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
