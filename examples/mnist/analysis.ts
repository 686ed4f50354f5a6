/** What moved from the teacher to the students: every measurement of the main example, as text and as data. */
import { accuracy, agreement, calibrationError, cka, errorOverlap, type HostTensor, measure } from 'dark-knowledge';
import type { TestSets } from './data.ts';
import type { Model } from './layers.ts';
import type { Outputs } from './outputs.ts';
import { meanAndDeviation, table } from './report.ts';

export type TestSetName = keyof TestSets;

/** A model with its outputs on every test set. The first of a study is the teacher. */
export interface StudiedModel {
  readonly name: string;
  readonly group: string;
  readonly model: Model;
  readonly outputs: Readonly<Record<TestSetName, Outputs>>;
}

export interface Report {
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The figures of one model on one test set, beside the teacher's. */
interface ModelFigures {
  readonly model: string;
  readonly group: string;
  readonly set: TestSetName;
  readonly accuracy: number;
  readonly calibrationError: number;
  readonly agreementWithTeacher: number;
  readonly cka: number;
}

const sets: readonly TestSetName[] = ['mnist', 'scaled', 'translated'];

/** Compares all models on all test sets. */
export function compare(
  models: readonly StudiedModel[],
  testSets: TestSets,
): Report & { readonly data: { readonly figures: readonly ModelFigures[] } } {
  const teacher = models[0]!;
  const figures = models.flatMap((model) => sets.map((set) => figuresOf(model, teacher, set, testSets)));
  const groups = [...new Set(models.map(({ group }) => group))];
  const column = (group: string, set: TestSetName, field: keyof ModelFigures): string =>
    meanAndDeviation(
      figures.filter((row) => row.group === group && row.set === set).map((row) => row[field] as number),
    );
  const section = (title: string, field: keyof ModelFigures): string =>
    `${title}\n${table(
      ['', ...sets],
      groups.map((group) => [group, ...sets.map((set) => column(group, set, field))]),
    )}`;

  const overlaps = sets.map((set) => overlapOn(set, models, testSets));
  const text = [
    section('Accuracy (mean ± std over trials)', 'accuracy'),
    section('Expected calibration error, 15 bins', 'calibrationError'),
    section('Agreement with the teacher (same arg-max)', 'agreementWithTeacher'),
    section("CKA of penultimate features with the teacher's, debiased", 'cka'),
    `Error overlap: images that models get wrong, and Jaccard index with the teacher's errors\n${table(
      ['set', 'teacher', 'independent 1', 'distilled 1', 'all three', 'J(teacher, indep.)', 'J(teacher, dist.)'],
      overlaps.map(({ row }) => row),
    )}`,
  ].join('\n\n');
  return {
    text,
    data: { figures, errorOverlap: Object.fromEntries(overlaps.map(({ set, result }) => [set, result])) },
  };
}

function figuresOf(model: StudiedModel, teacher: StudiedModel, set: TestSetName, testSets: TestSets): ModelFigures {
  const { logits, features } = model.outputs[set];
  const { labels } = testSets[set];
  return {
    model: model.name,
    group: model.group,
    set,
    accuracy: measure(accuracy(), { logits, labels }).value,
    calibrationError: measure(calibrationError({ bins: 15 }), { logits, labels }).value,
    agreementWithTeacher: measure(agreement(), {
      studentLogits: logits,
      teacherLogits: teacher.outputs[set].logits,
    }).value,
    cka: measure(cka({ debiased: true }), { x: features, y: teacher.outputs[set].features }).value,
  };
}

function overlapOn(set: TestSetName, models: readonly StudiedModel[], testSets: TestSets) {
  const logitsOf = (name: string): HostTensor => models.find((model) => model.name === name)!.outputs[set].logits;
  const result = measure(errorOverlap({ models: ['teacher', 'independent', 'distilled'] }), {
    labels: testSets[set].labels,
    teacher: logitsOf('teacher'),
    independent: logitsOf('independent 1'),
    distilled: logitsOf('distilled 1'),
  });
  const shared = result.regions.find((region) => region.models.length === 3)?.count ?? 0;
  const withTeacher = (student: string): string =>
    result.pairs
      .find((pair) => pair.models.includes('teacher') && pair.models.includes(student as never))!
      .jaccard.toFixed(3);
  const row = [
    set,
    ...result.errors.map(({ count }) => String(count)),
    String(shared),
    withTeacher('independent'),
    withTeacher('distilled'),
  ];
  return { set, result, row };
}
