import { checkSameShape, rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { checkLogits } from '../../ops/checkRows.ts';
import { countNaN } from '../../ops/countNaN.ts';
import { differentIndex } from '../../ops/sameIndex.ts';

/** What `studentFoolingRate` returns. */
export interface StudentFoolingRateResult {
  /** The share of the images that fooled the teacher which fool the student too; null where none fooled it. */
  readonly value: number | null;
  /** `'noneFooledTeacher'`: the attack failed on every image, so there is nothing to score the student on. */
  readonly status: 'defined' | 'noneFooledTeacher';
  /** Images that fool both: the numerator of `value`. */
  readonly studentFooled: number;
  /** Images that fool the teacher: the denominator of `value`, and the numerator of `teacherValue`. */
  readonly teacherFooled: number;
  /** Images attacked: the denominator of `teacherValue`. */
  readonly count: number;
  /** The teacher's own fooling rate over all images. */
  readonly teacherValue: number;
  /** Images that fool the student, whether or not they fool the teacher. */
  readonly studentFooledOverall: number;
}

/**
 * How often the images that fool the teacher fool the student: the transfer of adversarial vulnerability. With
 * fooled(f) the images where argmax f(I_adv) ≠ argmax f(I),
 *
 *     value = |fooled(teacher) ∩ fooled(student)| / |fooled(teacher)|
 *
 * Each model is compared with its own clean prediction; labels play no part.
 *
 * Inputs: `teacherCleanLogits`, `teacherAdversarialLogits`, `studentCleanLogits` and `studentAdversarialLogits`
 * [..., classes], row by row of the same image; the two models may have different classes. Streams and merges exactly.
 *
 * @throws RangeError for NaN in the logits.
 * @example
 * const { value, teacherFooled, count } = measure(studentFoolingRate(), {
 *   teacherCleanLogits: [[2, 1], [0, 3]],
 *   teacherAdversarialLogits: [[1, 2], [0, 1]],
 *   studentCleanLogits: [[2, 0], [0, 2]],
 *   studentAdversarialLogits: [[0, 1], [1, 0]],
 * }); // 1 over the one image of two that fooled the teacher
 * @see Ojha, Li, Sundara Rajan, Liang, Lee: What knowledge gets distilled in knowledge distillation? (2023), section 4.2
 */
// @__NO_SIDE_EFFECTS__
export function studentFoolingRate(): Metric<
  'teacherCleanLogits' | 'teacherAdversarialLogits' | 'studentCleanLogits' | 'studentAdversarialLogits',
  'both' | 'teacher' | 'student' | 'count' | 'invalid',
  StudentFoolingRateResult
> {
  return {
    name: 'studentFoolingRate',
    reference: studentFoolingRate,
    options: {},
    inputs: ['teacherCleanLogits', 'teacherAdversarialLogits', 'studentCleanLogits', 'studentAdversarialLogits'],
    optionalInputs: [],

    check(backend, batch) {
      const where = 'studentFoolingRate';
      const rows = checkLogits(backend, where, 'teacherCleanLogits', batch.teacherCleanLogits);
      const studentRows = checkLogits(backend, where, 'studentCleanLogits', batch.studentCleanLogits);
      checkSameShape(where, 'rows of studentCleanLogits', studentRows, 'rows of teacherCleanLogits', rows);
      for (const side of ['teacher', 'student'] as const) {
        checkSameShape(
          where,
          `${side}AdversarialLogits`,
          backend.shapeOf(batch[`${side}AdversarialLogits`]),
          `${side}CleanLogits`,
          backend.shapeOf(batch[`${side}CleanLogits`]),
        );
      }
    },

    statistics(backend, batch) {
      const fooled = (side: 'teacher' | 'student') =>
        differentIndex(
          backend,
          backend.argMax(batch[`${side}CleanLogits`]),
          backend.argMax(batch[`${side}AdversarialLogits`]),
        );
      const [teacher, student] = [fooled('teacher'), fooled('student')];
      const invalid = [
        batch.teacherCleanLogits,
        batch.teacherAdversarialLogits,
        batch.studentCleanLogits,
        batch.studentAdversarialLogits,
      ].map((logits) => countNaN(backend, logits));
      return {
        both: backend.sum(backend.multiply(teacher, student)),
        teacher: backend.sum(teacher),
        student: backend.sum(student),
        count: backend.scalar(backend.shapeOf(teacher).reduce((count, extent) => count * extent, 1)),
        invalid: invalid.reduce((sum, next) => backend.add(sum, next)),
      };
    },

    finish(statistics) {
      const [both, teacher, student, count, invalid] = (
        ['both', 'teacher', 'student', 'count', 'invalid'] as const
      ).map((name) => statistics[name].data[0]!) as [number, number, number, number, number];
      if (invalid > 0) throw rangeError('studentFoolingRate', 'logits', 'free of NaN', `${invalid} NaN`);
      return {
        value: teacher > 0 ? both / teacher : null,
        status: teacher > 0 ? 'defined' : 'noneFooledTeacher',
        studentFooled: both,
        teacherFooled: teacher,
        count,
        teacherValue: teacher / count,
        studentFooledOverall: student,
      };
    },
  };
}
