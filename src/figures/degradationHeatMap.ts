import type { RelativeDegradation } from '../metrics/scores/relativeDegradation.ts';
import { type FigureOptions, framed, frameOf, shadesBelow } from './frame.ts';
import { type Cell, drawnLines, drawnNote, heatMapPanel, namesNote } from './heatMap.ts';
import { allFinite, finite, finiteOrNull, listOf, outOfRange, record, sameLength } from './refusals.ts';
import type { Figure } from './specification.ts';
import { counted, percent } from './words.ts';

/** What a degradation heat map shows of `relativeDegradation`'s result. */
export type Degradation = Pick<RelativeDegradation, 'value' | 'tasks' | 'students' | 'cells' | 'worst'>;

/**
 * A heat map of how much weaker than its teacher each student is on each task, in percent of the teacher's score: orange
 * where it lost, purple where it gained, white where it is the teacher's equal. A task on which the teacher scores 0 has no
 * share to lose and is grey. Of more than 60 students or tasks every k-th is drawn.
 *
 * @param result What `relativeDegradation` returned.
 * @throws RangeError for NaN, by its place; TypeError for cells whose sizes do not fit.
 * @example
 * const figure = degradationHeatMap(relativeDegradation({ teacher: { CoLA: 0.62 }, students: { '3L': { CoLA: 0.4 } } }));
 * @see What is lost in knowledge distillation? (2023), arXiv 2311.04142, figure 1
 */
export function degradationHeatMap(result: Degradation, options: FigureOptions = {}): Figure {
  const where = 'degradationHeatMap';
  const frame = frameOf(where, options);
  record(where, 'result', result);
  const { tasks, students, cells: given } = result;
  listOf(where, 'tasks', tasks);
  listOf(where, 'students', students);
  listOf<unknown>(where, 'cells', given);
  if (tasks.length === 0) throw outOfRange(where, 'tasks', 'a list of at least one task', tasks);
  if (students.length === 0) throw outOfRange(where, 'students', 'a list of at least one student', students);
  sameLength(where, 'cells', given, 'students', students.length);
  given.forEach((line, row) => {
    sameLength(where, `cells[${row}]`, line, 'tasks', tasks.length);
    allFinite(where, `cells[${row}]`, line, true);
  });
  const mean = finiteOrNull(where, 'value', result.value);
  const [rows, columns] = [drawnLines(students.length), drawnLines(tasks.length)];
  const numbers = given.flat().filter((cell) => cell !== null);
  const reach = Math.max(0.01, ...numbers.map(Math.abs));
  const cells = rows.flatMap((row, rowIndex) =>
    columns.map((column, columnIndex): Cell => {
      const value = given[row]![column]!;
      const text = value === null ? '–' : percent(value, Math.abs(value) < 0.0995 ? 1 : 0);
      return {
        row: rowIndex,
        column: columnIndex,
        value,
        text,
        note: '',
        dark: value !== null && Math.abs(value) > 0.7 * reach,
        more: { loss: value === null ? 'none: the teacher scores 0' : percent(value) },
      };
    }),
  );
  const { worst } = result;
  if (worst !== null) {
    record(where, 'worst', worst);
    finite(where, 'worst.degradation', worst.degradation);
  }
  return framed(frame, {
    title: "What each student lost of its teacher's score",
    notes: [
      "In percent of the teacher's score; below 0 the student is better." +
        (mean === null ? '' : ` Mean: ${percent(mean)}.`),
      numbers.length < given.flat().length ? 'Grey: the teacher scores 0.' : '',
      namesNote(students, tasks),
      drawnNote(students.length, tasks.length),
    ],
    description:
      `Heat map of the share of the teacher's score that ${counted(students.length, 'student')} lost on ` +
      `${counted(tasks.length, 'task')}. ` +
      (worst === null
        ? 'No cell has a value.'
        : `Worst: ${worst.student} on ${worst.task}, ${percent(worst.degradation)}.`),
    views: [
      heatMapPanel(frame, {
        rows: rows.map((row) => students[row]!),
        columns: columns.map((column) => tasks[column]!),
        rowTitle: 'student',
        columnTitle: 'task',
        cells,
        scale: { domain: [-reach, 0, reach], range: ['#542788', '#f7f7f7', '#b35806'] },
        legend: shadesBelow("loss (% of teacher's)", '.0%'),
      }),
    ],
  });
}
