/** What the losses between directions share: features as rows of length 1, and their differences. */
import type { Backend, Shape } from '../../backend.ts';
import { checkNotEmpty, checkSameShape, shapeError } from '../../check.ts';
import { scale } from '../../ops/scale.ts';
import { unitRowPair, unitRowsGradient } from '../../ops/unitRows.ts';

type Pair<T> = Readonly<Record<'studentFeatures' | 'teacherFeatures', T>>;

/** Requires features [..., width] of one shape; returns that of the rows. A width is never cut to fit. */
export function checkFeaturePair<T>(
  backend: Backend<T>,
  where: string,
  { studentFeatures, teacherFeatures }: Pair<T>,
): Shape {
  const student = backend.shapeOf(studentFeatures);
  if (student.length === 0) throw shapeError(where, 'studentFeatures', 'of shape [..., width]', student);
  checkNotEmpty(where, 'studentFeatures', student);
  checkSameShape(
    where,
    'teacherFeatures',
    backend.shapeOf(teacherFeatures),
    'studentFeatures',
    student,
    'A linear map brings the student to another width, and `hint` trains one.',
  );
  return student.slice(0, -1);
}

/** What the gradient of a row needs. */
export interface DirectionRows<T> {
  readonly directions: T;
  readonly lengths: T;
  /** ŝ − t̂, and 0 where the teacher has no direction: what the student's is then changes nothing. */
  readonly differences: T;
}

/** |ŝ − t̂|² for each row [...], and for each side whether it has a direction, [..., 1]. */
export function directionRows<T>(
  backend: Backend<T>,
  { studentFeatures, teacherFeatures }: Pair<T>,
): DirectionRows<T> & { readonly squares: T; readonly teacherLengths: T } {
  const [student, teacher] = unitRowPair(backend, studentFeatures, teacherFeatures);
  const differences = backend.subtract(student.directions, teacher.directions);
  const squares = backend.sum(backend.multiply(differences, differences), { axis: -1 });
  return {
    ...student,
    differences: backend.where(teacher.lengths, differences, backend.scalar(0)),
    squares,
    teacherLengths: teacher.lengths,
  };
}

/** `factor` times half the gradient of |ŝ − t̂|² in s. */
export function directionGradient<T>(backend: Backend<T>, kept: DirectionRows<T>, factor: number): T {
  return scale(backend, unitRowsGradient(backend, kept, kept.differences), factor);
}
