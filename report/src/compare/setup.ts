/** What is known before the first row: who is compared, where each model's numbers come from, and the options. */
import type { HostTensor } from 'dark-knowledge';
import { inputError, type Place } from './fault.ts';
import type { Holds } from './scoreRow.ts';

/** Options of a comparison. */
export interface CompareOptions {
  /** The page's heading. */
  readonly title?: string;
  /** Names of the classes, in order. */
  readonly classNames?: readonly string[];
  /** Resamples of the bootstrap. Default 1000. */
  readonly resamples?: number;
  /** The probability that an interval holds, in (0, 1). Default 0.95. */
  readonly confidence?: number;
  /** Same seed, same draws. Default 0. */
  readonly seed?: number;
}

/** Options, complete. */
export interface CheckedOptions {
  readonly title: string | undefined;
  readonly classNames: readonly string[] | null;
  readonly resamples: number;
  readonly confidence: number;
  readonly seed: number;
}

/** One trial of a model. */
export interface Run {
  /** `teacher`, or the student's name. */
  readonly model: string;
  readonly holds: Holds;
  /** Whether `holds` was said, by name or by an option, and not taken for granted. */
  readonly said: boolean;
  /** Layers with features. */
  readonly layers: readonly string[];
  readonly place: Place;
}

/** Everything that is known before the first row. */
export interface Setup {
  /** The teacher. */
  readonly teacher: Run;
  /** Trials of students; those of one student follow each other. */
  readonly students: readonly Run[];
  readonly labels: Place;
  /** Undefined where there are no groups. */
  readonly groups: Place | undefined;
  readonly options: CheckedOptions;
}

/** Some rows of a run. */
export interface RunPart {
  /** [rows, classes], or [rows] of predictions. */
  readonly scores: HostTensor;
  /** [rows, …] by layer. */
  readonly features: Readonly<Record<string, HostTensor>>;
}

/** Some rows of all. */
export interface Part {
  readonly rows: number;
  /** Class numbers; words among them are refused. */
  readonly labels: ArrayLike<number | string>;
  readonly groups: ArrayLike<number | string> | undefined;
  readonly teacher: RunPart;
  /** In the order of the setup. */
  readonly students: readonly RunPart[];
}

/** The teacher's name among the models. */
export const teacherName = 'teacher';

// Names of inputs of the library's metrics, which take models by name.
const reserved = [teacherName, 'labels', 'rowWeights', '__proto__'];

/** Refuses a name that a student cannot have. */
export function checkStudentName(name: string): void {
  if (name.trim() === '' || name.length > 80) {
    throw inputError(`A student's name must be of 1 to 80 characters, got ${JSON.stringify(name)}.`);
  }
  if (reserved.includes(name)) throw inputError(`A student's name must be another than ${name}, which is taken.`);
}

/** Reads the options. */
export function checkOptions(where: string, options: CompareOptions): CheckedOptions {
  const { title, classNames, resamples = 1000, confidence = 0.95, seed = 0 } = options;
  const refuse = (name: string, expected: string, got: unknown) =>
    inputError(`${where}${name} must be ${expected}, got ${String(got)}.`);
  if (!Number.isSafeInteger(resamples) || resamples < 100 || resamples > 100_000) {
    throw refuse('resamples', 'a whole number in [100, 100000]', resamples);
  }
  if (!(confidence > 0 && confidence < 1)) throw refuse('confidence', 'in (0, 1)', confidence);
  if (!Number.isSafeInteger(seed) || seed < 0) throw refuse('seed', 'a whole number of at least 0', seed);
  if (title !== undefined && typeof title !== 'string') throw refuse('title', 'a string', title);
  if (classNames !== undefined && new Set(classNames).size !== classNames.length) {
    throw refuse('classNames', 'distinct', classNames.join(', '));
  }
  return { title, classNames: classNames ?? null, resamples, confidence, seed };
}
