import type { Metric } from '../../metric.ts';
import { countOf } from '../../metricState.ts';
import { sameIndex } from '../../ops/sameIndex.ts';
import { readOptions } from '../../options.ts';
import { type RowMetricOptions, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import {
  type PredictionSource,
  predictedClass,
  predictionOptions,
  type SideInput,
  sideInput,
  sourceInputs,
} from '../predictionSource.ts';
import { remainder } from '../remainder.ts';

/** Options of `rightWrongSplit`. */
export interface RightWrongSplitOptions<From extends PredictionSource = PredictionSource> extends RowMetricOptions {
  /** What the predictions come from, by whose name the inputs go. Default `'logits'`. */
  readonly from?: From;
}

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
 * Inputs: `labels` [...], `studentLogits` and `teacherLogits` [..., classes], or by `from` `studentProbabilities` … or
 * `studentPredictions` and `teacherPredictions` [...]; optional `rowWeights` [...]. Among equal logits the first class is the
 * prediction. Streams and merges exactly.
 *
 * @throws RangeError for NaN or a label out of range; TypeError for shapes that differ.
 * @example
 * const { onlyStudentRight, corrected } = measure(rightWrongSplit(), { labels, studentLogits, teacherLogits });
 * @see Nagarajan et al.: On student-teacher deviations in distillation: does it pay to disobey? (2023), arXiv 2301.12923,
 * appendix C.3
 */
// @__NO_SIDE_EFFECTS__
export function rightWrongSplit<From extends PredictionSource = 'logits'>(
  options: RightWrongSplitOptions<From> = {},
): Metric<
  'labels' | SideInput<'student' | 'teacher', From>,
  'both' | 'teacher' | 'student' | 'count',
  RightWrongSplitResult,
  'rowWeights'
> {
  const { from: sources } = predictionOptions<From>();
  const { from, ignoreIndex } = readOptions('rightWrongSplit', options, { from: sources, ...rowMask() });
  const [studentInput, teacherInput] = [sideInput('student', from), sideInput('teacher', from)];
  return rowMetric<
    'labels' | SideInput<'student' | 'teacher', From>,
    'both' | 'teacher' | 'student' | 'count',
    RightWrongSplitResult
  >({
    name: 'rightWrongSplit',
    reference: rightWrongSplit,
    options: { from, ignoreIndex },
    inputs: sourceInputs(from, [studentInput, teacherInput], ['labels']),

    statistics(backend, batch, rows) {
      const right = (given: typeof batch.labels) => sameIndex(backend, predictedClass(backend, given), batch.labels);
      const [student, teacher] = [right(batch[studentInput]), right(batch[teacherInput])];
      return {
        both: rows.sum(backend.multiply(student, teacher)),
        teacher: rows.sum(teacher),
        student: rows.sum(student),
        count: rows.total(),
      };
    },

    state: {
      both: countOf([], 'teacher'),
      teacher: countOf([], 'count'),
      student: countOf([], 'count'),
      count: countOf(),
    },

    finish({ both, teacher, student, count }) {
      const rows = requireRows('rightWrongSplit', count.data[0]!);
      const shared = both.data[0]!;
      const [onlyTeacher, onlyStudent] = [remainder(teacher.data[0]!, shared), remainder(student.data[0]!, shared)];
      const part = (size: number): SplitPart => ({ count: size, share: size / rows });
      const teacherWrong = remainder(rows, teacher.data[0]!);
      return {
        value: (onlyTeacher + onlyStudent) / rows,
        count: rows,
        bothRight: part(shared),
        onlyTeacherRight: part(onlyTeacher),
        onlyStudentRight: part(onlyStudent),
        neitherRight: part(remainder(rows, shared, onlyTeacher, onlyStudent)),
        corrected: teacherWrong === 0 ? null : onlyStudent / teacherWrong,
        broken: teacher.data[0] === 0 ? null : onlyTeacher / teacher.data[0]!,
      };
    },
  });
}
