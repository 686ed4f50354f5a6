import type { Backend } from '../../backend.ts';
import { checkSameShape } from '../../check.ts';
import type { Inputs } from '../../inputs.ts';
import type { Metric } from '../../metric.ts';
import { countOf } from '../../metricState.ts';
import { differentIndex } from '../../ops/sameIndex.ts';
import { readOptions } from '../../options.ts';
import { type RowMetricOptions, type Rows, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import {
  type PredictionSource,
  predictedClass,
  predictionOptions,
  type SideInput,
  sideInput,
  sourceInputs,
} from '../predictionSource.ts';

/** Options of `studentFoolingRate`. */
export interface StudentFoolingRateOptions<From extends PredictionSource = PredictionSource> extends RowMetricOptions {
  /** What the predictions come from, by whose name the inputs go. Default `'logits'`. */
  readonly from?: From;
}

type Side = 'teacherClean' | 'teacherAdversarial' | 'studentClean' | 'studentAdversarial';

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
export function studentFoolingRate<From extends PredictionSource = 'logits'>(
  options: StudentFoolingRateOptions<From> = {},
): Metric<
  SideInput<Side, From>,
  'both' | 'teacher' | 'student' | 'count',
  StudentFoolingRateResult,
  'labels' | 'rowWeights'
> {
  const { from: sources } = predictionOptions<From>();
  const { from, ignoreIndex } = readOptions('studentFoolingRate', options, { from: sources, ...rowMask() });
  const input = <Name extends Side>(side: Name) => sideInput(side, from);
  const names = [
    input('teacherClean'),
    input('teacherAdversarial'),
    input('studentClean'),
    input('studentAdversarial'),
  ] as const;
  const [teacherClean, teacherAdversarial, studentClean, studentAdversarial] = names;

  return rowMetric<SideInput<Side, From>, 'both' | 'teacher' | 'student' | 'count', StudentFoolingRateResult>({
    name: 'studentFoolingRate',
    reference: studentFoolingRate,
    options: { from, ignoreIndex },
    inputs: sourceInputs<SideInput<Side, From>>(from, names),
    classesMayDiffer: true,

    check<T>(backend: Backend<T>, batch: Inputs<SideInput<Side, From>, never, T>) {
      const pairs = [
        [teacherAdversarial, teacherClean],
        [studentAdversarial, studentClean],
      ] as const;
      for (const [attacked, clean] of pairs) {
        const [shape, expected] = [backend.shapeOf(batch[attacked]), backend.shapeOf(batch[clean])];
        checkSameShape('studentFoolingRate', attacked, shape, clean, expected);
      }
    },

    statistics<T>(backend: Backend<T>, batch: Inputs<SideInput<Side, From>, never, T>, rows: Rows<T>) {
      const fooled = (clean: T, attacked: T) =>
        differentIndex(backend, predictedClass(backend, clean), predictedClass(backend, attacked));
      const teacher = fooled(batch[teacherClean], batch[teacherAdversarial]);
      const student = fooled(batch[studentClean], batch[studentAdversarial]);
      return {
        both: rows.sum(backend.multiply(teacher, student)),
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

    finish(statistics) {
      const [both, teacher, student] = [statistics.both, statistics.teacher, statistics.student].map(
        ({ data }) => data[0]!,
      ) as [number, number, number];
      const count = requireRows('studentFoolingRate', statistics.count.data[0]!);
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
  });
}
