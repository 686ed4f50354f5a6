import type { Backend } from '../backend.ts';
import { rangeError } from '../check.ts';
import { type OptionReader, positive } from '../options.ts';
import { asRows } from './asColumn.ts';
import { expectation } from './expectation.ts';
import { logOnePlus } from './exponentialRemainder.ts';
import { relativeEntropyTerms } from './relativeEntropy.ts';
import { scale } from './scale.ts';

/** The temperature of each side. */
export interface Temperatures {
  readonly student: number;
  readonly teacher: number;
}

/** Reads a temperature for both sides, or `{ student, teacher }`. */
export function temperaturesOption(fallback = 1): OptionReader<Temperatures> {
  return (where, name, given = fallback) => {
    if (typeof given !== 'object' || given === null) {
      const both = positive()(where, name, given);
      return { student: both, teacher: both };
    }
    const { student, teacher, ...unknown } = given as Record<string, unknown>;
    if (Object.keys(unknown).length > 0) throw rangeError(where, name, 'a number or { student, teacher }', given);
    return {
      student: positive()(where, `${name}.student`, student),
      teacher: positive()(where, `${name}.teacher`, teacher),
    };
  };
}

/** The temperature as one number, where both sides have the same. */
export function plainTemperature({ student, teacher }: Temperatures): number | Temperatures {
  return student === teacher ? student : { student, teacher };
}

/** softmax(logits/T) along the last axis, shifted before it is divided, for T of any size. */
export function softened<T>(backend: Backend<T>, logits: T, temperature: number): T {
  return backend.scope(() => {
    const weights = backend.exp(scale(backend, backend.subtract(logits, backend.max(logits, row)), 1 / temperature));
    return backend.divide(weights, backend.sum(weights, row));
  });
}

/** Probabilities of both sides, [..., classes], and how they stand to each other; of all classes or a part of them. */
export interface ProbabilityPair<T> {
  /** q, the student's. */
  readonly student: T;
  /** p, the teacher's. */
  readonly teacher: T;
  /**
   * log q − log p, with the digits that the difference of the logits has: never a difference of logarithms where the two
   * are alike. NaN where both sides are −Infinity; such a class has q = p = 0.
   */
  readonly logRatio: T;
  /** KL(p‖q) of each row, [...], where all classes are there. */
  readonly divergence?: T;
  /** 1 for each row whose sides are alike, [..., 1]: elsewhere a difference of logarithms has the digits. */
  readonly near?: T;
}

/** The softened predictions of student and teacher: p = softmax(teacherLogits/T), q = softmax(studentLogits/T). */
export interface SoftenedPair<T> extends Required<ProbabilityPair<T>> {
  /** Their logarithms as `shifted` − log `totals`: `logOf` makes them for those who need them. */
  readonly shifted: SidePair<T>;
  readonly totals: SidePair<T>;
  /** e to the power of `shifted`: the probabilities times `totals`. */
  readonly weights: SidePair<T>;
  /** What was taken from the logits of each row, [..., 1]. */
  readonly maxima: SidePair<T>;
  /** κ = log Σ e^{shifted teacher} − log Σ e^{shifted student}, with the digits that `logRatio` has, [..., 1]. */
  readonly kappa: T;
}

/** log q or log p, [..., classes]. */
export function logOf<T>(backend: Backend<T>, { shifted, totals }: SoftenedPair<T>, side: keyof SidePair<T>): T {
  return backend.subtract(shifted[side], backend.log(totals[side]));
}

/** One number a row for each side, [..., 1]. */
export interface SidePair<T> {
  readonly student: T;
  readonly teacher: T;
}

/** Softened logits of both sides, each less a number a row, and their difference, teacher − student. */
export interface ShiftedPair<T> extends SidePair<T> {
  readonly difference: T;
}

/**
 * Softened logits less the row's maximum (or another number near it), which comes off before they are divided by T: T = 0.001
 * would round large logits away.
 */
export function shiftedPair<T>(
  backend: Backend<T>,
  { student, teacher }: SidePair<T>,
  maxima: SidePair<T>,
  temperatures: Temperatures,
): ShiftedPair<T> {
  return backend.scope(() => {
    const shifted = scale(backend, backend.subtract(student, maxima.student), 1 / temperatures.student);
    const teacherShifted = scale(backend, backend.subtract(teacher, maxima.teacher), 1 / temperatures.teacher);
    const difference =
      temperatures.student === temperatures.teacher
        ? scale(backend, exactDifference(backend, { student, teacher }, maxima), 1 / temperatures.student)
        : backend.subtract(teacherShifted, shifted);
    return { student: shifted, teacher: teacherShifted, difference };
  });
}

/** e to the power of shifted logits, and numbers of each row, [..., 1]. */
export interface PairWeights<T> extends SidePair<T> {
  readonly totals: SidePair<T>;
  /** κ = log Σ e^{teacher} − log Σ e^{student}. */
  readonly kappa: T;
  /** KL(teacher‖student). */
  readonly divergence: T;
  /** 1 where that is small: there a difference of logarithms has lost its digits. */
  readonly near: T;
}

/** Below it a divergence is computed to second order; above, a difference of logarithms is right to 1e-4 in float32. */
const nearDivergence = 1 / 64;

/**
 * Weights of both sides. With d = teacher − student and its mean c under the teacher, KL is c − κ; but where the sides are
 * alike, c and κ are alike, and so are the two logarithms in κ. There KL = log(1 + S), S the mean of e^{c − d} − 1 − (c − d),
 * which is of second order, and κ = c − KL. Rows that are not alike pass over that sum.
 */
export function pairWeights<T>(backend: Backend<T>, { student, teacher, difference }: ShiftedPair<T>): PairWeights<T> {
  return backend.scope(() => {
    const studentWeights = backend.exp(student);
    const teacherWeights = backend.exp(teacher);
    const total = backend.sum(studentWeights, row);
    const teacherTotal = backend.sum(teacherWeights, row);
    const ofLogarithms = backend.subtract(backend.log(teacherTotal), backend.log(total));
    const mean = backend.divide(expectation(backend, teacherWeights, difference, true), teacherTotal);
    const direct = backend.subtract(mean, ofLogarithms);
    const near = backend.greater(backend.scalar(nearDivergence), direct);
    // e^{c − d}·e^{teacher} is e^c·e^{student}.
    const swollen = backend.multiply(studentWeights, backend.exp(backend.where(near, mean, backend.scalar(0))));
    const terms = relativeEntropyTerms(backend, teacherWeights, swollen, backend.subtract(mean, difference));
    const sum = backend.sum(backend.where(near, terms, backend.scalar(0)), row);
    const divergence = backend.where(near, logOnePlus(backend, backend.divide(sum, teacherTotal)), direct);
    return {
      student: studentWeights,
      teacher: teacherWeights,
      totals: { student: total, teacher: teacherTotal },
      kappa: backend.where(near, backend.subtract(mean, divergence), ofLogarithms),
      divergence,
      near,
    };
  });
}

/** Softmax of both sides and the logarithm of their ratio, κ − d, for temperatures of any size. */
export function softenedPair<T>(
  backend: Backend<T>,
  studentLogits: T,
  teacherLogits: T,
  temperatures: Temperatures,
): SoftenedPair<T> {
  return backend.scope(() => {
    const sides = { student: studentLogits, teacher: teacherLogits };
    const maxima = { student: backend.max(studentLogits, row), teacher: backend.max(teacherLogits, row) };
    const shifted = shiftedPair(backend, sides, maxima, temperatures);
    const { student, teacher, totals, kappa, divergence, near } = pairWeights(backend, shifted);
    return {
      student: backend.divide(student, totals.student),
      teacher: backend.divide(teacher, totals.teacher),
      logRatio: backend.subtract(kappa, shifted.difference),
      near,
      divergence: asRows(backend, divergence),
      shifted: { student: shifted.student, teacher: shifted.teacher },
      totals,
      weights: { student, teacher },
      maxima,
      kappa,
    };
  });
}

const row = { axis: -1, keepDims: true };

/**
 * (teacher − student) − (maximum of the teacher − maximum of the student) for each row. Numbers that are alike differ exactly, where
 * shifted ones would be rounded before; but an offset between the sides comes off the teacher, whose digits are as coarse
 * as it. Where both maxima are in one place, the difference there is 0.
 */
export function exactDifference<T>(backend: Backend<T>, sides: SidePair<T>, maxima: SidePair<T>): T {
  const offset = backend.subtract(maxima.teacher, maxima.student);
  const apart = backend.greater(backend.abs(offset), backend.scalar(1));
  const first = backend.where(apart, offset, backend.scalar(0));
  const less = ({ student, teacher }: SidePair<T>): T => backend.subtract(backend.subtract(teacher, first), student);
  return backend.subtract(less(sides), less(maxima));
}
