/** The paper's recipe (Table 3): which way of making a model smaller is worth it for which task. */
import { type TaskName, taskNames } from '../data/textTasks.ts';
import type { StudyTable } from '../study.ts';
import { degradationOf, type LossMeasurements, meanOf } from './claims.ts';
import { type ModelName, modelNames, type TaskNumbers } from './glue.ts';
import { type StudentName, studentNames } from './layerwise.ts';

type Factor = 'Layer' | 'Att. Head' | 'Hidden Dim';

const studentsOf: Readonly<Record<Factor, readonly StudentName[]>> = {
  Layer: ['9L', '6L', '3L'],
  'Att. Head': ['⅔AH', '⅓AH'],
  'Hidden Dim': ['⅔D', '½D'],
};

const [small, gain] = [0.05, 0.1];

/** Table 3, for the tasks that are here; it gives signs for three, and says that all others are ✓. */
const paper: Readonly<Record<Factor | 'Speed', Readonly<Partial<Record<TaskName, string>>>>> = {
  Layer: { RTE: '?', CoLA: '✓', STSB: '✓' },
  'Att. Head': { RTE: '✗', CoLA: '?', STSB: '?' },
  'Hidden Dim': { RTE: '✗', CoLA: '✗', STSB: '✓' },
  Speed: { RTE: '✓', CoLA: '?', STSB: '✓' },
};

export function recipeTable(
  scores: LossMeasurements['scores'],
  speeds: Readonly<Record<ModelName, Readonly<Record<TaskName, readonly number[]>>>>,
): StudyTable {
  const { cells } = degradationOf(scores);
  const lossOf = (student: StudentName, task: TaskName): number =>
    cells[studentNames.indexOf(student)]![taskNames.indexOf(task)] ?? 0;
  const factors = Object.entries(studentsOf) as [Factor, readonly StudentName[]][];
  const signs: [Factor | 'Speed', (task: TaskName) => string][] = factors.map(([factor, students]) => [
    factor,
    (task) => signOf(students.map((student) => lossOf(student, task) <= small)),
  ]);
  const compressed = [...studentsOf.Layer, ...studentsOf['Hidden Dim']];
  signs.push([
    'Speed',
    (task) => signOf(compressed.map((name) => meanOf(speeds[name][task]) >= (1 + gain) * meanOf(speeds.teacher[task]))),
  ]);
  return {
    title: `Recipe: ✓ where all students lose at most ${100 * small} % of the teacher's score, ✗ where none does, ? between; speed: ✓ where fewer layers and a smaller width are all at least ${100 * gain} % faster. In brackets the paper's`,
    header: ['', ...taskNames],
    rows: signs.map(([name, sign]) => [
      name,
      ...taskNames.map((task) => `${sign(task)} (${paper[name][task] ?? '✓'})`),
    ]),
  };
}

function signOf(worthIt: readonly boolean[]): string {
  return worthIt.every((is) => is) ? '✓' : worthIt.some((is) => is) ? '?' : '✗';
}

/** Scores or speeds of all models on all tasks, with the paper's in brackets. */
export function numbersTable(
  title: string,
  here: Readonly<Record<ModelName, TaskNumbers>>,
  there: Readonly<Record<ModelName, TaskNumbers>>,
  digits: number,
): StudyTable {
  return {
    title,
    header: ['', ...taskNames],
    rows: modelNames.map((name) => [
      name,
      ...taskNames.map((task) => `${here[name][task].toFixed(digits)} (${there[name][task]})`),
    ]),
  };
}
