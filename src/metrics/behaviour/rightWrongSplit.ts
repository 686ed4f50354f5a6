import { checkOptions, rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { checkLabels, checkLogitPair } from '../../ops/checkRows.ts';
import { countNaN } from '../../ops/countNaN.ts';
import { flatten, flattenRows } from '../../ops/flattenRows.ts';
import { sameIndex } from '../../ops/sameIndex.ts';

/** One part of a split of the rows. */
export interface SplitPart {
  readonly count: number;
  /** count / rows, in [0, 1]. */
  readonly share: number;
}

/** What `rightWrongSplit` returns. */
export interface RightWrongSplitResult {
  /** The share of rows that exactly one of the two gets right, in [0, 1]. */
  readonly value: number;
  readonly count: number;
  readonly bothRight: SplitPart;
  readonly onlyTeacherRight: SplitPart;
  readonly onlyStudentRight: SplitPart;
  readonly neitherRight: SplitPart;
  /** The share of the teacher's mistakes that the student does not make; null where the teacher makes none. */
  readonly corrected: number | null;
  /** The share of the teacher's right rows that the student gets wrong; null where the teacher has none. */
  readonly broken: number | null;
}

/**
 * Which of teacher and student is right: four groups of rows.
 *
 * Inputs: `labels` [...], `studentLogits` and `teacherLogits` [..., classes]. Among equal logits the first class is the
 * prediction. Streams and merges exactly.
 *
 * @throws RangeError for NaN or a label out of range; TypeError for shapes that differ.
 * @example
 * const { onlyStudentRight, corrected } = measure(rightWrongSplit(), { labels, studentLogits, teacherLogits });
 * @see Nagarajan et al.: On student-teacher deviations in distillation: does it pay to disobey? (2023), arXiv 2301.12923,
 * appendix C.3
 */
// @__NO_SIDE_EFFECTS__
export function rightWrongSplit(
  options: Readonly<Record<string, never>> = {},
): Metric<
  'labels' | 'studentLogits' | 'teacherLogits',
  'both' | 'teacher' | 'student' | 'count' | 'invalid',
  RightWrongSplitResult
> {
  checkOptions('rightWrongSplit', options, []);
  return {
    name: 'rightWrongSplit',
    reference: rightWrongSplit,
    options: {},
    inputs: ['labels', 'studentLogits', 'teacherLogits'],
    optionalInputs: [],

    check(backend, inputs) {
      const rows = checkLogitPair(backend, 'rightWrongSplit', inputs);
      const classes = backend.shapeOf(inputs.studentLogits).at(-1)!;
      checkLabels(backend, 'rightWrongSplit', 'labels', inputs.labels, rows, classes);
    },

    statistics(backend, { labels, studentLogits, teacherLogits }) {
      const label = flatten(backend, labels);
      const student = sameIndex(backend, backend.argMax(flattenRows(backend, studentLogits)), label);
      const teacher = sameIndex(backend, backend.argMax(flattenRows(backend, teacherLogits)), label);
      return {
        both: backend.sum(backend.multiply(student, teacher)),
        teacher: backend.sum(teacher),
        student: backend.sum(student),
        count: backend.scalar(backend.shapeOf(label)[0]!),
        invalid: backend.add(countNaN(backend, studentLogits), countNaN(backend, teacherLogits)),
      };
    },

    finish({ both, teacher, student, count, invalid }) {
      if (invalid.data[0]! > 0) throw rangeError('rightWrongSplit', 'logits', 'free of NaN', `${invalid.data[0]} NaN`);
      const rows = count.data[0]!;
      const shared = both.data[0]!;
      const [onlyTeacher, onlyStudent] = [teacher.data[0]! - shared, student.data[0]! - shared];
      const part = (size: number): SplitPart => ({ count: size, share: size / rows });
      const teacherWrong = rows - teacher.data[0]!;
      return {
        value: (onlyTeacher + onlyStudent) / rows,
        count: rows,
        bothRight: part(shared),
        onlyTeacherRight: part(onlyTeacher),
        onlyStudentRight: part(onlyStudent),
        neitherRight: part(rows - shared - onlyTeacher - onlyStudent),
        corrected: teacherWrong === 0 ? null : onlyStudent / teacherWrong,
        broken: teacher.data[0] === 0 ? null : onlyTeacher / teacher.data[0]!,
      };
    },
  };
}
