/** Comparisons of logits class by class: a class that is masked with −Infinity takes no part in them. */
import type { Backend } from '../backend.ts';
import { isMinusInfinity, largestOf } from './isMinusInfinity.ts';
import { scale } from './scale.ts';

/** The differences of two sides' logits over the classes that neither masks. */
export interface SharedDifferences<T> {
  /** student − teacher, [..., classes]; 0 where a side is −Infinity. */
  readonly differences: T;
  /** 1 where a side is −Infinity, else 0. NaN and +Infinity are no masks. */
  readonly masked: T;
  /** The number of classes that neither masks, but at least 1, [..., 1]. */
  readonly count: T;
  /** Not 0 for a row in which the student masks a class that the teacher does not, [...]: infinitely wrong, as in a KL. */
  readonly infinite: T;
}

/** 1 where either side is −Infinity, and the number of the other classes (at least 1), [..., 1]. */
export function maskedClasses<T>(
  backend: Backend<T>,
  student: T,
  teacher: T,
): Pick<SharedDifferences<T>, 'masked' | 'count'> {
  const masked = eitherMasks(backend, student, teacher);
  return { masked, count: classesBeside(backend, masked) };
}

/** What losses on the differences of logits need. */
export function sharedDifferences<T>(backend: Backend<T>, student: T, teacher: T): SharedDifferences<T> {
  const zero = backend.scalar(0);
  const raw = backend.subtract(student, teacher);
  // Most rows hold no mask, which their sum tells: only others are asked class by class.
  const sum = backend.sum(backend.abs(raw), { axis: -1, keepDims: true });
  const finite = backend.greater(backend.scalar(largestOf(backend)), sum);
  const unlessFinite = (x: T): T => backend.where(finite, zero, x);
  const masked = unlessFinite(eitherMasks(backend, student, teacher));
  return {
    differences: backend.where(finite, raw, backend.where(masked, zero, raw)),
    masked,
    count: classesBeside(backend, masked),
    infinite: backend.sum(unlessFinite(isMinusInfinity(backend, raw)), { axis: -1 }),
  };
}

function eitherMasks<T>(backend: Backend<T>, student: T, teacher: T): T {
  // The sum is −Infinity where one side is; of NaN and of opposite infinities it is NaN, which compares as not less. Of a small
  // share of one side, since the lowest finite number on both, a mask of many codes, would add up to −Infinity too.
  return isMinusInfinity(backend, backend.add(student, scale(backend, teacher, 2 ** -60)));
}

function classesBeside<T>(backend: Backend<T>, masked: T): T {
  const classes = backend.scalar(backend.shapeOf(masked).at(-1)!);
  const left = backend.subtract(classes, backend.sum(masked, { axis: -1, keepDims: true }));
  return backend.maximum(left, backend.scalar(1));
}
