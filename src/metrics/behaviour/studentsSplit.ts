import type { Backend } from '../../backend.ts';
import { rangeError } from '../../check.ts';
import type { Inputs } from '../../inputs.ts';
import type { Metric } from '../../metric.ts';
import { countOf, type StateForm } from '../../metricState.ts';
import { sameIndex } from '../../ops/sameIndex.ts';
import { list, type OptionReader, readOptions, text } from '../../options.ts';
import { type RowMetricOptions, type Rows, requireRows, rowMask, rowMetric } from '../../rowMetric.ts';
import {
  type PredictionSource,
  predictedClass,
  predictionOptions,
  type SideInput,
  sideInput,
  sourceInputs,
} from '../predictionSource.ts';

/** Options of `studentsSplit`. */
export interface StudentsSplitOptions<Student extends string, From extends PredictionSource = PredictionSource>
  extends RowMetricOptions {
  /** Names of the students: each is an input. */
  readonly students: readonly Student[];
  /** What the inputs hold; the teacher's goes by its name: `teacherLogits` (default) … Default `'logits'`. */
  readonly from?: From;
}

/** Rows by the number of students that are right, and for each student those that teacher and student get right. */
type SplitStatistic<Student extends string> = 'groups' | `retained ${Student}`;

/** One group of rows of `studentsSplit`. */
export interface StudentsSplitPart {
  readonly count: number;
  /** count / rows, in [0, 1]. */
  readonly share: number;
}

/** What `studentsSplit` returns: five groups that part the rows. */
export interface StudentsSplitResult<Student extends string = string> {
  /** The share of the teacher's right rows that every student gets right too, in [0, 1]; null if the teacher has none. */
  readonly value: number | null;
  readonly count: number;
  /** The teacher and all students are right. */
  readonly all: StudentsSplitPart;
  /** The teacher and some students, not all, are right. */
  readonly someStudents: StudentsSplitPart;
  /** Only the teacher is right. */
  readonly teacherOnly: StudentsSplitPart;
  /** The teacher and all students are wrong. */
  readonly none: StudentsSplitPart;
  /** The teacher is wrong and at least one student is right: outside the paper's four groups. */
  readonly studentsOnly: StudentsSplitPart;
  /** For each student: the rows where teacher and student are right, as a share of the teacher's right rows. */
  readonly retained: readonly { readonly student: Student; readonly count: number; readonly share: number | null }[];
}

/**
 * What gets lost on the way to which student: rows by who is right among a teacher and several students.
 *
 * Inputs: `labels` [...], `teacherLogits` [..., classes], and one input of that shape for each student, by its name; with
 * `from: 'predictions'` class numbers [...], the teacher's as `teacherPredictions`; optional `rowWeights` [...].
 * Among equal logits the first class is the prediction. Streams and merges exactly.
 *
 * @throws RangeError for NaN, a label out of range, no student, or a name twice.
 * @example
 * const { all, someStudents, teacherOnly, none } = measure(studentsSplit({ students: ['small', 'tiny'] }), {
 *   labels: [0], teacherLogits: [[2, 1]], small: [[3, 1]], tiny: [[1, 2]],
 * });
 * @see What is lost in knowledge distillation? (2023), arXiv 2311.04142, qualitative analysis
 */
// @__NO_SIDE_EFFECTS__
export function studentsSplit<Student extends string, From extends PredictionSource = 'logits'>(
  options: StudentsSplitOptions<Student, From>,
): Metric<
  'labels' | SideInput<'teacher', From> | Student,
  SplitStatistic<Student>,
  StudentsSplitResult<Student>,
  'rowWeights'
> {
  const { from: sources } = predictionOptions<From>();
  const { students, from, ignoreIndex } = readOptions('studentsSplit', options, {
    students: list(text() as OptionReader<Student>, { least: 1, distinct: true }),
    from: sources,
    ...rowMask(),
  });
  const teacherInput = sideInput('teacher', from);
  const reserved: readonly string[] = ['labels', 'rowWeights', teacherInput];
  const taken = students.find((student) => reserved.includes(student));
  if (taken !== undefined) {
    throw rangeError('studentsSplit', 'students', `names that are none of ${reserved.join(', ')}`, taken);
  }
  type Input = 'labels' | SideInput<'teacher', From> | Student;
  const retainedBy = (student: Student) => `retained ${student}` as const;

  return rowMetric<Input, SplitStatistic<Student>, StudentsSplitResult<Student>>({
    name: 'studentsSplit',
    reference: studentsSplit,
    options: { students, from, ignoreIndex },
    inputs: sourceInputs<SideInput<'teacher', From> | Student, 'labels'>(from, [teacherInput, ...students], ['labels']),

    statistics<T>(backend: Backend<T>, batch: Inputs<Input, never, T>, rows: Rows<T>) {
      const right = (name: Input) => sameIndex(backend, predictedClass(backend, batch[name]), batch.labels);
      const teacher = right(teacherInput);
      const hits = students.map(right);
      const number = hits.reduce((sum, next) => backend.add(sum, next));
      // Column: how many students are right; upper half: the teacher is wrong, lower half: it is right.
      const column = backend.add(number, backend.multiply(teacher, backend.scalar(students.length + 1)));
      const groups = rows.sum(backend.oneHot(column, 2 * (students.length + 1)));
      const retained = students.map((student, index) => [
        retainedBy(student),
        rows.sum(backend.multiply(hits[index]!, teacher)),
      ]);
      return { groups, ...Object.fromEntries(retained) };
    },

    state: {
      groups: countOf([2 * (students.length + 1)]),
      ...Object.fromEntries(students.map((student) => [retainedBy(student), countOf()])),
    } as StateForm<SplitStatistic<Student>>,

    finish(statistics) {
      const groups: Float64Array = statistics.groups.data;
      const most = students.length;
      const [wrong, right] = [groups.slice(0, most + 1), groups.slice(most + 1)];
      const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
      const rows = requireRows('studentsSplit', sum(groups));
      const teacherRight = sum(right);
      const part = (count: number): StudentsSplitPart => ({ count, share: count / rows });
      const shareOf = (count: number) => (teacherRight === 0 ? null : count / teacherRight);
      return {
        value: shareOf(right[most]!),
        count: rows,
        all: part(right[most]!),
        someStudents: part(sum(right.slice(1, most))),
        teacherOnly: part(right[0]!),
        none: part(wrong[0]!),
        studentsOnly: part(sum(wrong.slice(1))),
        retained: students.map((student) => {
          const count = statistics[retainedBy(student)].data[0]!;
          return { student, count, share: shareOf(count) };
        }),
      };
    },
  });
}
