/** Contrast within a batch: the other samples' embeddings are the negatives, and get their gradient too. */
import type { Backend } from '../../backend.ts';
import { scale } from '../../ops/scale.ts';
import { sigmoid } from '../../ops/sigmoid.ts';
import { softplus } from '../../ops/softplus.ts';
import { type ContrastScale, excess, positiveTerm } from './contrast.ts';

/** Losses of the anchors, and derivatives in the scores: rows are students, columns teachers. */
export interface BatchContrast<T> {
  /** [batch]: of sample i as a student among teachers, plus as a teacher among students. */
  readonly losses: T;
  /** [batch, batch]: derivatives of the student anchors' losses in the dot products. */
  readonly studentSlopes: T;
  /** [batch, batch]: derivatives of the teacher anchors' losses in the dot products. */
  readonly teacherSlopes: T;
}

/**
 * Which pairs are negatives, [batch, batch]: different samples that count, of different classes where labels are given. A
 * negative label is none: its sample is a class of its own.
 */
function negativePairs<T>(backend: Backend<T>, identity: T, labels: T | undefined, rowWeights: T | undefined): T {
  const batch = backend.shapeOf(identity)[0]!;
  let negative = backend.subtract(backend.scalar(1), identity);
  if (labels !== undefined) {
    const zero = backend.scalar(0);
    const column = backend.reshape(labels, [batch, 1]);
    const distance = backend.abs(backend.subtract(column, backend.reshape(labels, [1, batch])));
    const alone = backend.maximum(backend.greater(distance, zero), backend.greater(zero, column));
    negative = backend.multiply(negative, alone);
  }
  if (rowWeights !== undefined) {
    const counts = backend.greater(rowWeights, backend.scalar(0));
    negative = backend.multiply(negative, backend.reshape(counts, [batch, 1]));
    negative = backend.multiply(negative, backend.reshape(counts, [1, batch]));
  }
  return negative;
}

/** Every student embedding against every teacher embedding. */
export function contrastWithinBatch<T>(
  backend: Backend<T>,
  students: T,
  teachers: T,
  studentScale: ContrastScale<T>,
  teacherScale: ContrastScale<T>,
  { labels, rowWeights }: { readonly labels?: T | undefined; readonly rowWeights?: T | undefined },
): BatchContrast<T> {
  const batch = backend.shapeOf(students)[0]!;
  const positions = Int32Array.from({ length: batch }, (_, index) => index);
  const identity = backend.oneHot(backend.fromHost({ data: positions, shape: [batch] }), batch);
  const negative = negativePairs(backend, identity, labels, rowWeights);
  const scores = backend.matMul(students, teachers, { transposeB: true });
  const zero = backend.scalar(0);
  const side = (scaling: ContrastScale<T>): { readonly losses: T; readonly slopes: T } => {
    const x = excess(backend, scores, scaling);
    const positive = positiveTerm(backend, x);
    const losses = backend.where(identity, positive.loss, backend.where(negative, softplus(backend, x), zero));
    const slopes = backend.where(identity, positive.slope, backend.where(negative, sigmoid(backend, x), zero));
    return { losses, slopes: scale(backend, slopes, 1 / scaling.temperature) };
  };
  const student = side(studentScale);
  const teacher = side(teacherScale);
  const losses = backend.add(backend.sum(student.losses, { axis: 1 }), backend.sum(teacher.losses, { axis: 0 }));
  return { losses, studentSlopes: student.slopes, teacherSlopes: teacher.slopes };
}

/** Gradients in the embeddings of both sides; `factors`, a scalar or [batch], is d value / d loss of each sample. */
export function batchContrastGradients<T>(
  backend: Backend<T>,
  { studentSlopes, teacherSlopes }: Pick<BatchContrast<T>, 'studentSlopes' | 'teacherSlopes'>,
  students: T,
  teachers: T,
  factors: T,
): readonly [students: T, teachers: T] {
  const size = backend.shapeOf(factors)[0] ?? 1;
  const slopes = backend.add(
    backend.multiply(studentSlopes, backend.reshape(factors, [size, 1])),
    backend.multiply(teacherSlopes, backend.reshape(factors, [1, size])),
  );
  return [backend.matMul(slopes, teachers), backend.matMul(slopes, students, { transposeA: true })];
}
