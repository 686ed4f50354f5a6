import { checkFinite, checkRecord, kindError, rangeError } from '../../check.ts';
import { list, type OptionReader, optional, readOptions, text } from '../../options.ts';

/** Scores by task. */
export type TaskScores<Task extends string = string> = Readonly<Record<Task, number>>;

/** What `relativeDegradation` takes. */
export interface DegradationInputs<Task extends string, Student extends string> {
  readonly teacher: TaskScores<Task>;
  readonly students: Readonly<Record<Student, TaskScores<NoInfer<Task>>>>;
}

/** Options of `relativeDegradation`. */
export interface DegradationOptions<Task extends string> {
  /** Tasks whose score is better when lower (perplexity, error). */
  readonly lowerIsBetter?: readonly NoInfer<Task>[];
}

/** What `relativeDegradation` returns: shares of the teacher's score, not percent. */
export interface RelativeDegradation<Task extends string = string, Student extends string = string> {
  /** The mean of all cells that are not null; null if all are. */
  readonly value: number | null;
  readonly tasks: readonly Task[];
  readonly students: readonly Student[];
  /**
   * Rows are students, columns tasks, in the order of the two lists: (teacher − student)/|teacher|, above 0 where the
   * student is worse; null where the teacher's score is 0. A heat map draws this.
   */
  readonly cells: readonly (readonly (number | null)[])[];
  readonly byStudent: Readonly<Record<Student, number | null>>;
  readonly byTask: Readonly<Record<Task, number | null>>;
  /** The largest cell: where distillation cost most; null if all cells are null. */
  readonly worst: { readonly student: Student; readonly task: Task; readonly degradation: number } | null;
}

/**
 * How much weaker than its teacher each student is on each task, as a share of the teacher's score.
 *
 * @throws TypeError for a student without a score on one of the teacher's tasks, or with one on another task; RangeError
 * for a score that is not finite, no student or no task.
 * @example
 * const { cells } = relativeDegradation({
 *   teacher: { CoLA: 0.62, RTE: 0.8 },
 *   students: { '3L': { CoLA: 0.4, RTE: 0.58 } },
 * }); // [[0.3548, 0.275]]
 * @see What is lost in knowledge distillation? (2023), arXiv 2311.04142, figure 1
 */
export function relativeDegradation<Task extends string, Student extends string>(
  inputs: DegradationInputs<Task, Student>,
  options: DegradationOptions<Task> = {},
): RelativeDegradation<Task, Student> {
  checkRecord('relativeDegradation', 'inputs', inputs, 'a record of teacher and students');
  const { teacher, students } = inputs;
  checkRecord('relativeDegradation', 'teacher', teacher, 'a record of scores by task');
  checkRecord('relativeDegradation', 'students', students, 'a record of scores by student');
  const { lowerIsBetter = [] } = readOptions('relativeDegradation', options, {
    lowerIsBetter: optional(list(text() as OptionReader<Task>)),
  });
  const tasks = Object.keys(teacher) as Task[];
  const names = Object.keys(students) as Student[];
  if (tasks.length === 0) throw rangeError('relativeDegradation', 'teacher', 'scores of at least one task', 'none');
  if (names.length === 0) throw rangeError('relativeDegradation', 'students', 'at least one student', 'none');
  for (const task of lowerIsBetter) {
    if (!tasks.includes(task)) throw rangeError('relativeDegradation', 'lowerIsBetter', "the teacher's tasks", task);
  }
  const cells = names.map((name) => {
    const scores = students[name];
    const missing = tasks.find((task) => scores[task] === undefined);
    if (missing !== undefined)
      throw kindError('relativeDegradation', `students.${name}.${missing}`, 'given', undefined);
    const extra = Object.keys(scores).find((task) => !(tasks as string[]).includes(task));
    if (extra !== undefined) {
      throw kindError('relativeDegradation', `students.${name}`, "scored on the teacher's tasks alone", extra);
    }
    return tasks.map((task) => {
      checkFinite('relativeDegradation', `teacher.${task}`, teacher[task]);
      checkFinite('relativeDegradation', `students.${name}.${task}`, scores[task]);
      if (teacher[task] === 0) return null;
      const loss = (teacher[task] - scores[task]) / Math.abs(teacher[task]);
      // 0 − loss, because −0 reads badly in a table.
      return lowerIsBetter.includes(task) ? 0 - loss : loss;
    });
  });
  let worst: RelativeDegradation<Task, Student>['worst'] = null;
  cells.forEach((row, rowIndex) => {
    row.forEach((degradation, column) => {
      if (degradation === null || (worst !== null && degradation <= worst.degradation)) return;
      worst = { student: names[rowIndex]!, task: tasks[column]!, degradation };
    });
  });
  return {
    value: meanOf(cells.flat()),
    tasks,
    students: names,
    cells,
    byStudent: Object.fromEntries(names.map((name, row) => [name, meanOf(cells[row]!)])) as Record<
      Student,
      number | null
    >,
    byTask: Object.fromEntries(tasks.map((task, column) => [task, meanOf(cells.map((row) => row[column]!))])) as Record<
      Task,
      number | null
    >,
    worst,
  };
}

function meanOf(cells: readonly (number | null)[]): number | null {
  const numbers = cells.filter((cell) => cell !== null);
  return numbers.length === 0 ? null : numbers.reduce((sum, cell) => sum + cell, 0) / numbers.length;
}
