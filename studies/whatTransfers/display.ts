/** The study's tables and figures. */
import type { CkaMatrixResult, SaliencyTransferResult } from 'dark-knowledge';
import { foolingBars, invarianceBars, similarityHeatMap } from 'dark-knowledge/figures';
import { meanAndDeviation } from '../../examples/mnist/report.ts';
import { unseenNames } from '../data/unseenDomains.ts';
import { layerNames } from '../models/layeredNetwork.ts';
import type { StudyFigure, StudyTable } from '../study.ts';
import { methodTitles } from './claims.ts';
import { numbersOf, type StudentName, type StudentRow, type Taught, type TeacherRow, taught } from './rows.ts';

const fromPlain: readonly StudentName[] = ['alone', 'plain kl', 'plain hint', 'plain crd'];

/** Beside the students' numbers: the attacked networks' own fooling rates, and Grad-CAM of two students without a teacher. */
export interface Beside {
  readonly fooled: { readonly teacher: number; readonly foreign: number };
  readonly chance: readonly SaliencyTransferResult[];
}

export function tablesOf(
  rows: readonly StudentRow[],
  teachers: readonly TeacherRow[],
  { fooled, chance }: Beside,
): readonly StudyTable[] {
  const cell = (student: StudentName, value: (row: StudentRow) => number | null) => {
    const numbers = numbersOf(rows, student, value);
    return numbers.every(Number.isFinite) ? meanAndDeviation(numbers) : '–';
  };
  const names = [...new Set(rows.map(({ student }) => student))];
  return [
    {
      title: 'Accuracy, invariance and shape bias (mean ± standard deviation over trials)',
      header: ['', 'accuracy', 'same for both colours', 'same for two shifts', 'shape bias'],
      rows: [
        ...teachers.map((row) => [
          `${row.teacher} teacher`,
          row.accuracy.toFixed(3),
          row.colourInvariance.value.toFixed(3),
          row.shiftInvariance.value.toFixed(3),
          row.shapeBias.value?.toFixed(3) ?? '–',
        ]),
        ...names.map((name) => [
          titleOf(name),
          cell(name, ({ accuracy }) => accuracy),
          cell(name, ({ colourInvariance }) => colourInvariance.value),
          cell(name, ({ shiftInvariance }) => shiftInvariance.value),
          cell(name, ({ shapeBias }) => shapeBias.value),
        ]),
      ],
    },
    {
      title: `Students of the plain teacher: Grad-CAM nearer than that of the one alone (two alone: ${meanAndDeviation(chance.map(({ value }) => value ?? Number.NaN))}), fooling rates (attacks fool the teacher on ${percent(fooled.teacher)}, the foreign network on ${percent(fooled.foreign)})`,
      header: ['', 'Grad-CAM nearer', 'fooled by the teacher’s', 'fooled by a foreign network’s'],
      rows: fromPlain.map((name) => [
        titleOf(name),
        name === 'alone' ? '–' : cell(name, ({ looksAlike }) => looksAlike.value),
        cell(name, ({ fooledByTeachers }) => fooledByTeachers.value),
        cell(name, ({ fooledByForeign }) => fooledByForeign.value),
      ]),
    },
    {
      title: 'Consensus with the plain teacher',
      header: ['', 'seen', ...unseenNames],
      rows: fromPlain.map((name) => [
        titleOf(name),
        cell(name, ({ consensus }) => consensus.value),
        ...unseenNames.map((domain) => cell(name, ({ consensusUnseen }) => consensusUnseen[domain])),
      ]),
    },
    {
      title: 'CKA of each layer with the same layer of the plain teacher, debiased',
      header: ['', ...layerNames],
      rows: fromPlain.map((name) => [
        titleOf(name),
        ...layerNames.map((_, layer) => cell(name, ({ layerSimilarity }) => layerSimilarity[layer]!)),
      ]),
    },
  ];
}

export function figuresOf(
  rows: readonly StudentRow[],
  similarities: Readonly<Partial<Record<StudentName, CkaMatrixResult<string>>>>,
): readonly StudyFigure[] {
  const first = (names: readonly StudentName[]) =>
    rows.filter(({ student, trial }) => trial === 0 && names.includes(student));
  const named = <Value>(names: readonly StudentName[], value: (row: StudentRow) => Value) =>
    Object.fromEntries(first(names).map((row) => [titleOf(row.student), value(row)]));
  const withTeacher = (schooling: 'jittered' | 'shifted'): readonly StudentName[] => [
    'alone',
    'pseudo',
    ...taught.map((method): StudentName => `${schooling} ${method}`),
    ...taught.map((method): StudentName => `plain ${method}`),
  ];
  const maps = (['alone', 'plain kl', 'plain hint'] as const).flatMap((name) => {
    const result = similarities[name];
    if (result === undefined) return [];
    const title = `Layers beside the teacher’s: ${titleOf(name)}`;
    const options = { title, rows: 'layer of the student', columns: 'layer of the teacher' };
    return [
      {
        title,
        note: 'The first trial. The diagonal holds like layers.',
        specification: similarityHeatMap(result, options),
      },
    ];
  });
  return [
    {
      title: 'What fools the teacher, shown to its students',
      note: 'The first trial, of the images that fooled the teacher.',
      specification: foolingBars(named(fromPlain, ({ fooledByTeachers }) => fooledByTeachers)),
    },
    {
      title: 'What fools a foreign network, shown to the same students',
      note: 'The first trial, of the images that fooled the foreign network, which the figure’s text calls the teacher.',
      specification: foolingBars(named(fromPlain, ({ fooledByForeign }) => fooledByForeign)),
    },
    {
      title: 'Invariance to colour',
      note: 'The first trial.',
      specification: invarianceBars(named(withTeacher('jittered'), ({ colourInvariance }) => colourInvariance)),
    },
    {
      title: 'Invariance to shifts',
      note: 'The first trial.',
      specification: invarianceBars(named(withTeacher('shifted'), ({ shiftInvariance }) => shiftInvariance)),
    },
    ...maps,
  ];
}

/** `jittered kl` as 'KL, jittered teacher'. */
function titleOf(name: StudentName): string {
  if (name === 'alone') return name;
  if (name === 'pseudo') return 'made-up soft labels';
  const [schooling, method, weight] = name.split(' ') as [string, Taught, string | undefined];
  return `${methodTitles[method]}${weight === undefined ? '' : ', low weight'}, ${schooling} teacher`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
