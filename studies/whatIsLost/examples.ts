/** The four groups of examples of the paper's appendix: who is right on what. */
import { measure, type StudentsSplitResult, studentsSplit } from 'dark-knowledge';
import { type TaskName, type TextExamples, taskNames, textOf } from '../data/textTasks.ts';
import type { Predictions } from '../predictions.ts';
import type { StudyTable } from '../study.ts';
import { type ModelName, modelNames } from './glue.ts';
import { type StudentName, studentNames } from './layerwise.ts';

export type TaskPredictions = Readonly<Record<ModelName, Predictions>>;

/** The same as the paper's groups, with its fifth left out: the teacher wrong and a student right. */
const groups = {
  all: 'all are right',
  someStudents: 'the teacher and some students',
  teacherOnly: 'the teacher alone',
  none: 'nobody',
} as const;
type Group = keyof typeof groups;
const groupNames = Object.keys(groups) as Group[];

export function splitOf({ labels }: TextExamples, predictions: TaskPredictions): StudentsSplitResult<StudentName> {
  const logits = Object.fromEntries(studentNames.map((name) => [name, predictions[name].logits]));
  return measure(studentsSplit({ students: studentNames }), {
    labels,
    teacherLogits: predictions.teacher.logits,
    ...(logits as Readonly<Record<StudentName, Predictions['logits']>>),
  });
}

/** The shares of the groups by task, and how long their texts are. */
export function groupTable(
  test: Readonly<Record<TaskName, TextExamples>>,
  predictions: Readonly<Record<TaskName, TaskPredictions>>,
): StudyTable {
  return {
    title: 'Who is right: share of the test texts, and their words on average',
    header: ['', ...groupNames.map((group) => groups[group]), 'a student, not the teacher'],
    rows: taskNames.map((task) => {
      const split = splitOf(test[task], predictions[task]);
      return [
        task,
        ...groupNames.map(
          (group) => `${split[group].share.toFixed(3)}${lengthOf(test[task], predictions[task], group)}`,
        ),
        split.studentsOnly.share.toFixed(3),
      ];
    }),
  };
}

function lengthOf(examples: TextExamples, predictions: TaskPredictions, group: Group): string {
  const rows = rowsOf(examples, predictions, group);
  if (rows.length === 0) return '';
  const words = rows.reduce((sum, row) => sum + textOf(examples, row).split(' ').length, 0);
  return ` (${(words / rows.length).toFixed(1)})`;
}

/** Texts of each group, the first of two tasks that have one, each group's others, with what every model said (Table 6). */
export function exampleTable(
  test: Readonly<Record<TaskName, TextExamples>>,
  predictions: Readonly<Record<TaskName, TaskPredictions>>,
): StudyTable {
  return {
    title: 'Texts of each group, their true label and what the models say',
    header: ['right', 'task', 'text', 'label', ...modelNames],
    rows: groupNames.flatMap((group, number) => {
      const tasks = [...taskNames.slice(2 * number), ...taskNames.slice(0, 2 * number)];
      const found = tasks.flatMap((task) => {
        const row = rowsOf(test[task], predictions[task], group)[0];
        return row === undefined ? [] : [{ task, row }];
      });
      return found
        .slice(0, 2)
        .map(({ task, row }) => [
          groups[group],
          task,
          textOf(test[task], row),
          String(test[task].labels[row]),
          ...modelNames.map((name) => String(answerOf(predictions[task][name], row))),
        ]);
    }),
  };
}

function rowsOf(examples: TextExamples, predictions: TaskPredictions, group: Group): readonly number[] {
  return Array.from({ length: examples.count }, (_, row) => row).filter((row) => {
    const isRight = (name: ModelName): boolean => answerOf(predictions[name], row) === examples.labels[row];
    const students = studentNames.filter(isRight).length;
    if (!isRight('teacher')) return group === 'none' && students === 0;
    return group === (students === studentNames.length ? 'all' : students > 0 ? 'someStudents' : 'teacherOnly');
  });
}

/** The first largest logit. */
function answerOf({ logits }: Predictions, row: number): number {
  const classes = logits.shape[1]!;
  const own = logits.data.subarray(row * classes, (row + 1) * classes);
  return own.indexOf(Math.max(...own));
}
