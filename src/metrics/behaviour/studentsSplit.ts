import type { Backend } from '../../backend.ts';
import { checkOptions, checkSameShape, kindError, rangeError } from '../../check.ts';
import type { Inputs } from '../../inputs.ts';
import type { Metric } from '../../metric.ts';
import { checkLabels, checkLogits } from '../../ops/checkRows.ts';
import { countNaN } from '../../ops/countNaN.ts';
import { flatten, flattenRows } from '../../ops/flattenRows.ts';
import { sameIndex } from '../../ops/sameIndex.ts';

/** Options of `studentsSplit`. */
export interface StudentsSplitOptions<Student extends string> {
  /** Names of the students: each is an input. */
  readonly students: readonly Student[];
}

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
 * Inputs: `labels` [...], `teacherLogits` [..., classes], and one input of that shape for each student, by its name.
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
export function studentsSplit<Student extends string>(
  options: StudentsSplitOptions<Student>,
): Metric<'labels' | 'teacherLogits' | Student, 'groups' | 'retained' | 'invalid', StudentsSplitResult<Student>> {
  checkOptions('studentsSplit', options, ['students']);
  const { students } = options;
  if (!Array.isArray(students)) throw kindError('studentsSplit', 'students', 'a list of names', students);
  const reserved = ['labels', 'teacherLogits'];
  const names = [...reserved, ...students];
  if (students.length === 0 || new Set(names).size < names.length) {
    throw rangeError('studentsSplit', 'students', `different names, none of them ${reserved.join(' or ')}`, students);
  }

  return {
    name: 'studentsSplit',
    reference: studentsSplit,
    options: { students: [...students] },
    inputs: ['labels', 'teacherLogits', ...students],
    optionalInputs: [],

    check<T>(backend: Backend<T>, inputs: Inputs<'labels' | 'teacherLogits' | Student, never, T>) {
      const values = inputs as Readonly<Record<string, T>>;
      const rows = checkLogits(backend, 'studentsSplit', 'teacherLogits', values.teacherLogits!);
      const shape = backend.shapeOf(values.teacherLogits!);
      for (const student of students) {
        checkSameShape('studentsSplit', student, backend.shapeOf(values[student]!), 'teacherLogits', shape);
      }
      checkLabels(backend, 'studentsSplit', 'labels', values.labels!, rows, shape.at(-1)!);
    },

    statistics<T>(backend: Backend<T>, inputs: Inputs<'labels' | 'teacherLogits' | Student, never, T>) {
      const values = inputs as Readonly<Record<string, T>>;
      const labels = flatten(backend, values.labels!);
      const right = (name: string) => sameIndex(backend, backend.argMax(flattenRows(backend, values[name]!)), labels);
      const teacher = right('teacherLogits');
      const identity = backend.oneHot(
        backend.fromHost({ data: Float32Array.from(students, (_, index) => index), shape: [students.length] }),
        students.length,
      );
      let number = backend.multiply(labels, backend.scalar(0));
      let retained = backend.multiply(backend.sum(identity, { axis: 0 }), backend.scalar(0));
      let invalid = countNaN(backend, values.teacherLogits!);
      students.forEach((student, index) => {
        const hits = right(student);
        const position = backend.fromHost({ data: Float32Array.of(index), shape: [1] });
        const row = backend.reshape(backend.gather(identity, position), [students.length]);
        number = backend.add(number, hits);
        retained = backend.add(retained, backend.multiply(row, backend.sum(backend.multiply(hits, teacher))));
        invalid = backend.add(invalid, countNaN(backend, values[student]!));
      });
      // Column: how many students are right; upper half: the teacher is wrong, lower half: it is right.
      const column = backend.add(number, backend.multiply(teacher, backend.scalar(students.length + 1)));
      const groups = backend.sum(backend.oneHot(column, 2 * (students.length + 1)), { axis: 0 });
      return { groups, retained, invalid };
    },

    finish({ groups, retained, invalid }) {
      if (invalid.data[0]! > 0) throw rangeError('studentsSplit', 'logits', 'free of NaN', `${invalid.data[0]} NaN`);
      const most = students.length;
      const [wrong, right] = [groups.data.slice(0, most + 1), groups.data.slice(most + 1)];
      const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
      const rows = sum(groups.data);
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
        retained: students.map((student, index) => ({
          student,
          count: retained.data[index]!,
          share: shareOf(retained.data[index]!),
        })),
      };
    },
  };
}
