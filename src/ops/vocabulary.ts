/** How the classes of a student and a teacher correspond where their vocabularies differ. */
import { checkSameShape, checkWhole, describe, kindError, rangeError } from '../check.ts';
import type { OptionReader } from '../options.ts';

/** Classes that both sides have, by their numbers on each side. */
export interface MatchedVocabulary {
  /** The matched classes' numbers in the student's vocabulary, all different. */
  readonly studentIndices: ArrayLike<number>;
  /** The same classes' numbers in the teacher's vocabulary, in the same order. */
  readonly teacherIndices: ArrayLike<number>;
  /**
   * What becomes of the classes without a match. `'tail'`, the default: on each side they are one class together, which
   * leaves a true divergence. `'renormalize'`: they are left out.
   */
  readonly missing?: 'tail' | 'renormalize';
}

/**
 * How the classes of both sides correspond: `'same'`, one vocabulary; `{ size }`, the first classes of both, renormalised, for
 * heads that are padded to different sizes; or by the numbers of the classes that both have.
 */
export type Vocabulary = 'same' | { readonly size: number } | MatchedVocabulary;

/** The classes of one side that take part, and how the others do. */
export interface ClassSelection {
  readonly indices: Int32Array;
  readonly tail: boolean;
  /** The classes that the side must have for it. */
  readonly least: number;
}

/** A vocabulary, checked: undefined where both sides have the same. */
export interface CheckedVocabulary {
  readonly student: ClassSelection;
  readonly teacher: ClassSelection;
}

/** Reads the option `vocabulary`. */
export function vocabularyOption(): OptionReader<CheckedVocabulary | undefined> {
  return (where, name, given) => {
    if (given === undefined || given === 'same') return undefined;
    const expected = "'same', { size } or { studentIndices, teacherIndices }";
    if (typeof given !== 'object' || given === null) throw kindError(where, name, expected, given);
    const { size, studentIndices, teacherIndices, missing, ...unknown } = given as Record<string, unknown>;
    const bySize = size !== undefined && missing === undefined;
    const named = studentIndices !== undefined && teacherIndices !== undefined;
    if (Object.keys(unknown).length > 0 || bySize === named) throw rangeError(where, name, expected, given);
    if (bySize) {
      checkWhole(where, `${name}.size`, size as number, 2);
      const first = sideOf(
        Int32Array.from({ length: size as number }, (_, index) => index),
        false,
      );
      return { student: first, teacher: first };
    }
    if (missing !== undefined && missing !== 'tail' && missing !== 'renormalize') {
      throw rangeError(where, `${name}.missing`, "one of 'tail', 'renormalize'", missing);
    }
    const student = readIndices(where, `${name}.studentIndices`, studentIndices);
    const teacher = readIndices(where, `${name}.teacherIndices`, teacherIndices);
    checkSameShape(where, `${name}.teacherIndices`, [teacher.length], 'studentIndices', [student.length]);
    const tail = missing !== 'renormalize';
    const leastClasses = tail ? 1 : 2;
    if (student.length < leastClasses) {
      throw rangeError(where, `${name}.studentIndices`, `of at least ${leastClasses} classes`, studentIndices);
    }
    return { student: sideOf(student, tail), teacher: sideOf(teacher, tail) };
  };
}

function readIndices(where: string, name: string, given: unknown): Int32Array {
  if (!Array.isArray(given) && !ArrayBuffer.isView(given))
    throw kindError(where, name, 'a list of class numbers', given);
  const list = Array.from(given as unknown as ArrayLike<number>);
  for (const index of list) checkWhole(where, name, index, 0);
  if (new Set(list).size < list.length) {
    const twice = list.find((index, at) => list.indexOf(index) < at);
    throw rangeError(where, name, 'different from each other', `${describe(twice)} twice`);
  }
  return Int32Array.from(list);
}

function sideOf(indices: Int32Array, tail: boolean): ClassSelection {
  return { indices, tail, least: indices.reduce((most, index) => Math.max(most, index + 1), 0) };
}
