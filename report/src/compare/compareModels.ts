import { type HostTensor, type TensorLike, tensor } from 'dark-knowledge';
import { comparer } from './comparer.ts';
import type { Comparison } from './comparison.ts';
import { inputError } from './fault.ts';
import type { Holds } from './scoreRow.ts';
import {
  type CompareOptions,
  checkOptions,
  checkStudentName,
  type Part,
  type Run,
  type RunPart,
  type Setup,
  teacherName,
} from './setup.ts';

/** What a model gave on the rows: exactly one of logits, probabilities and predictions, and features where there are any. */
export interface ModelOutputs {
  /** [rows, classes] */
  readonly logits?: TensorLike;
  /** [rows, classes] */
  readonly probabilities?: TensorLike;
  /** [rows], class numbers. */
  readonly predictions?: TensorLike;
  /** [rows, …] by layer. */
  readonly features?: Readonly<Record<string, TensorLike>>;
}

/** A model: its outputs, or its logits alone. */
export type ModelGiven = ModelOutputs | TensorLike;

/** What is compared. */
export interface CompareInputs extends CompareOptions {
  /** [rows], class numbers. */
  readonly labels: TensorLike;
  readonly teacher: ModelGiven;
  /** Students by name; several trials of one as a list of their outputs. */
  readonly students: Readonly<Record<string, ModelGiven | readonly ModelOutputs[]>>;
  /** [rows]: numbers or words, such as where an image was taken. */
  readonly groups?: ArrayLike<number | string>;
}

/** Rows that go through the comparison at once. */
const part = 4096;

/**
 * Compares students with their teacher, and with each other: who is right, who agrees, who is overconfident, what was lost
 * by class and group, and how alike their layers are, with intervals.
 *
 * Means of rows (accuracy, agreement, likelihood, Brier score, divergence) have percentile intervals of a bootstrap over
 * rows, drawn once for all models, so that differences are paired. That of the expected calibration error is the resamples'
 * spread around the value, that of CKA the infinitesimal jackknife's. Several trials of a student are drawn too.
 *
 * @param inputs Labels, the teacher, the students by name, and options.
 * @returns What the command writes as JSON: `models` by name, `differences` of students, and what the figures show.
 * @throws RangeError for rows or classes that do not match, labels out of range, NaN, or options out of range.
 * @example
 * const comparison = compareModels({
 *   labels: [0, 1, 1],
 *   teacher: { logits: [[2, 0], [0, 3], [0, 1]] },
 *   students: { distilled: { logits: [[1, 0], [0, 1], [1, 0]] } },
 * });
 * comparison.models.distilled?.agreement; // { value: 0.667, low, high }
 */
export function compareModels(inputs: CompareInputs): Comparison {
  const where = 'compareModels: ';
  const labels = hostOf(`${where}labels`, inputs.labels);
  const rows = labels.data.length;
  const names = Object.keys(inputs.students ?? {});
  if (names.length === 0) throw inputError(`${where}students must be a record of at least one student, got none.`);
  for (const name of names) checkStudentName(name);
  const teacher = givenRun(teacherName, 'teacher', inputs.teacher, rows);
  const students = names.flatMap((name) => {
    const given = inputs.students[name]!;
    if (!isTrials(given)) return [givenRun(name, `students.${name}`, given, rows)];
    return given.map((trial, index) => givenRun(name, `students.${name}[${index}]`, trial, rows));
  });
  const { groups } = inputs;
  const setup: Setup = {
    teacher: teacher.run,
    students: students.map(({ run }) => run),
    labels: (field) => `${where}${field}`,
    groups: groups && ((field) => `${where}${field}`),
    options: checkOptions(where, inputs),
  };
  if (groups !== undefined && groups.length !== rows) {
    throw inputError(`${where}groups must be one a row, got ${groups.length} for ${rows} rows.`);
  }
  const running = comparer(setup);
  for (let start = 0; start < rows; start += part) {
    const end = Math.min(rows, start + part);
    const cut: Part = {
      rows: end - start,
      labels: labels.data.subarray(start, end),
      groups: groups && Array.prototype.slice.call(groups, start, end),
      teacher: teacher.part(start, end),
      students: students.map((student) => student.part(start, end)),
    };
    running.add(cut);
  }
  const finishing = running.finish();
  let step = finishing.next();
  while (!step.done) step = finishing.next();
  return step.value;
}

interface GivenRun {
  readonly run: Run;
  part(start: number, end: number): RunPart;
}

/** Trials are a list of records; a list of numbers or of rows is logits. */
function isTrials(given: ModelGiven | readonly ModelOutputs[]): given is readonly ModelOutputs[] {
  if (!Array.isArray(given)) return false;
  const [first] = given as readonly unknown[];
  return typeof first === 'object' && first !== null && !Array.isArray(first) && !ArrayBuffer.isView(first);
}

/** A record of outputs; a tensor has data, a matrix a way to get at them. */
function isOutputs(given: ModelGiven): given is ModelOutputs {
  if (typeof given !== 'object' || given === null || Array.isArray(given) || ArrayBuffer.isView(given)) return false;
  return !('data' in given || 'get' in given);
}

/** Any form as a host tensor; what has none of them is refused under its own path. */
function hostOf(path: string, value: TensorLike): HostTensor {
  try {
    return tensor(value);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^tensor: \S+ /, '') : String(error);
    throw inputError(`${path} ${reason}`, error);
  }
}

function givenRun(model: string, path: string, given: ModelGiven, rows: number): GivenRun {
  const outputs: ModelOutputs = isOutputs(given) ? given : { logits: given };
  const kinds = (['logits', 'probabilities', 'predictions'] as const).filter((kind) => outputs[kind] !== undefined);
  const place = (field: string) => `compareModels: ${path}.${field}`;
  if (kinds.length !== 1) {
    const got = kinds.length === 0 ? 'none' : kinds.join(' and ');
    throw inputError(`compareModels: ${path} must hold one of logits, probabilities and predictions, got ${got}.`);
  }
  const holds: Holds = kinds[0]!;
  const whole = (field: string, value: TensorLike): HostTensor => {
    const made = hostOf(place(field), value);
    const [own = 1] = made.shape;
    if (own !== rows) throw inputError(`${place(field)} must have the ${rows} rows of labels, got ${own}.`);
    return made;
  };
  const scores = whole(holds, outputs[holds]!);
  const features = Object.entries(outputs.features ?? {}).map(
    ([layer, value]) => [layer, whole(layer, value)] as const,
  );
  const cut = ({ data, shape: [, ...rest] }: HostTensor, start: number, end: number): HostTensor => {
    const width = rest.reduce((size, extent) => size * extent, 1);
    return { data: data.subarray(start * width, end * width), shape: [end - start, ...rest] };
  };
  return {
    run: { model, holds, said: isOutputs(given), layers: features.map(([layer]) => layer), place },
    part: (start, end) => ({
      scores: cut(scores, start, end),
      features: Object.fromEntries(features.map(([layer, value]) => [layer, cut(value, start, end)])),
    }),
  };
}
