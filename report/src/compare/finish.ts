/** From the rows' numbers to the comparison. */
import { confidenceDeviation, errorOverlap, groupShift, measure, predictionFlips } from 'dark-knowledge';
import type { Progress, Rows } from './allRows.ts';
import type { Comparison, ConfidenceSample, Overlap } from './comparison.ts';
import { layerDifferences, layerEstimates } from './layerPairs.ts';
import { changeOf, type DrawnModel, drawnModels, likenessOf, scoresOf } from './modelNumbers.ts';
import { normalQuantile } from './normalQuantile.ts';
import { reliabilityOf } from './reliability.ts';
import type { RowNumbers } from './runRows.ts';
import { type Run, type Setup, teacherName } from './setup.ts';

/** Models whose errors are shown beside each other at most. */
const mostOverlapping = 8;

/** Draws, measures, and puts together. */
export function* finishComparison(setup: Setup, rows: Rows): Generator<Progress, Comparison, void> {
  const { options } = setup;
  const students = [...new Set(setup.students.map(({ model }) => model))];
  const trialsOf = (model: string): number[] =>
    setup.students.flatMap((run, index) => (run.model === model ? [index + 1] : []));
  const names = [teacherName, ...students];
  const drawn = yield* drawnModels(
    rows,
    names.map((name) => (name === teacherName ? [0] : trialsOf(name))),
    options,
  );
  const byName = new Map(names.map((name, index) => [name, drawn[index]!]));
  const teacher = byName.get(teacherName)!;
  const z = normalQuantile(options.confidence);
  const pairs = new Map(students.map((name) => [name, trialsOf(name).map((run) => rows.layers.pairs(run))]));

  const numbersOf = (name: string, model: DrawnModel) => ({
    ...scoresOf(model, options),
    ...(name !== teacherName && {
      ...likenessOf(model, options),
      ...optional('cka', layerEstimates(pairs.get(name)!, z)),
      change: changeOf(model, teacher, options),
    }),
    trials: model.trials,
    ...(model.trials > 1 && { trialAccuracies: model.accuracies }),
  });
  const differences = students.flatMap((first, index) =>
    students.slice(index + 1).map((second) => {
      const [one, two] = [byName.get(first)!, byName.get(second)!];
      const cka = layerDifferences(pairs.get(first)!, pairs.get(second)!, z);
      const numbers = { ...changeOf(one, two, options), ...likenessOf(one, options, two), ...optional('cka', cka) };
      return [`${first} - ${second}`, { first, second, ...numbers }] as const;
    }),
  );

  const firstTrial = (name: string): RowNumbers => rows.runs[name === teacherName ? 0 : trialsOf(name)[0]!]!;
  const beside = (name: string) => ({
    before: firstTrial(teacherName).predictions,
    after: firstTrial(name).predictions,
    labels: rows.labels,
  });
  const ofEach = <Value>(list: readonly string[], numberOf: (name: string) => Value | undefined) =>
    Object.fromEntries(
      list.flatMap((name) => {
        const value = numberOf(name);
        return value === undefined ? [] : [[name, value] as const];
      }),
    );
  const seeded = { level: options.confidence, resamples: options.resamples, seed: options.seed };
  const classes = rows.classes ?? largest([rows.labels, ...rows.runs.map(({ predictions }) => predictions)]) + 1;
  const { groups } = rows;
  // What follows takes seconds of a million rows: a caller is asked before each part.
  const done = { done: options.resamples, of: options.resamples };
  yield done;
  const reliability = ofEach(names, (name) => reliabilityOf(firstTrial(name), rows.labels));
  yield done;
  const flips = ofEach(students, (name) => measure(predictionFlips(), beside(name)));
  yield done;
  const errors = overlapOf(names.slice(0, mostOverlapping), firstTrial, rows.labels);
  yield done;
  const byClass = ofEach(students, (name) =>
    measure(groupShift({ ...seeded, groups: classLabels(options.classNames, classes) }), {
      ...beside(name),
      groups: rows.labels,
    }),
  );
  yield done;
  return {
    title: options.title ?? defaultTitle(students),
    rows: rows.rows,
    classes: rows.classes ?? null,
    classNames: options.classNames,
    students,
    intervals: { confidence: options.confidence, resamples: options.resamples, seed: options.seed },
    models: Object.fromEntries(names.map((name) => [name, numbersOf(name, byName.get(name)!)])),
    differences: Object.fromEntries(differences),
    reliability,
    flips,
    errorOverlap: errors,
    byClass,
    byGroup: ofEach(groups === undefined ? [] : students, (name) =>
      measure(groupShift({ ...seeded, groups: [...groups!.names] }), { ...beside(name), groups: groups!.groups }),
    ),
    confidence: ofEach(rows.scored, (name) => confidenceOf(name, rows, options.confidence)),
    layers: ofEach(students, (name) => rows.layers.matrix(trialsOf(name)[0]!)),
    notes: [...notesOf(setup, rows, students), ...doubtsOf(drawn, rows.rows, options.confidence)],
  };
}

function defaultTitle(students: readonly string[]): string {
  return students.length === 1
    ? `What ${students[0]} took from its teacher`
    : 'What the students took from their teacher';
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>);
}

function classLabels(names: readonly string[] | null, classes: number): string[] {
  return Array.from({ length: classes }, (_, index) => names?.[index] ?? `class ${index}`);
}

function largest(columns: readonly Int32Array[]): number {
  return columns.reduce((most, column) => column.reduce((found, value) => Math.max(found, value), most), 0);
}

function overlapOf(names: readonly string[], of: (name: string) => RowNumbers, labels: Int32Array): Overlap {
  const batch = Object.fromEntries(names.map((name) => [name, of(name).predictions] as const));
  const result = measure(errorOverlap({ models: names, from: 'predictions' }), { ...batch, labels });
  const { value, count, errors, pairs, regions, union } = result;
  return {
    value,
    count,
    errors,
    pairs,
    // Lists of rows are as long as the files.
    regions: regions.map(({ models, count: size }) => ({ models, count: size })),
    union: { count: union.count },
  };
}

function confidenceOf(name: string, { scatter, rows }: Rows, level: number): ConfidenceSample {
  const logits = { teacherLogits: scatter.teacher!, studentLogits: scatter[`student ${name}`]! };
  const found = confidenceDeviation(logits, { level });
  const rounded = (values: ArrayLike<number>) => Array.from(values, (value) => Number(value.toPrecision(5)));
  const { teacher, student, fitted } = found.scatter;
  return {
    ...found,
    scatter: { teacher: rounded(teacher), student: rounded(student), fitted: Array.from(fitted) },
    ofRows: rows,
  };
}

/** Fewer rows than that are too few for percentiles of resamples. */
const fewRows = 30;

/** What the bootstrap does not see. */
function doubtsOf(models: readonly DrawnModel[], rows: number, confidence: number): string[] {
  const shares = models.flatMap(({ trials, numbers }) =>
    trials > 1 ? [] : [numbers.accuracy, numbers.agreement].flatMap((share) => (share ? [share.value] : [])),
  );
  // What is so rare is missed by all rows with the probability left.
  const unseen = 100 * (1 - (1 - confidence) ** (1 / rows));
  return [
    shares.some((share) => share === 0 || share === 1)
      ? `An accuracy or agreement of 0% or 100% has an interval without width, as all resamples are alike: with ${rows} rows the share may still be ${Number(unseen.toPrecision(2))} points away.`
      : '',
    rows < fewRows ? `With ${rows} rows, intervals of resamples are too narrow.` : '',
  ].filter((note) => note !== '');
}

function notesOf(setup: Setup, { rows, layers, scatter }: Rows, students: readonly string[]): string[] {
  const several = students.filter((name) => setup.students.filter(({ model }) => model === name).length > 1);
  const points = scatter.teacher?.shape[0] ?? rows;
  const features = layers.rows();
  const runs: readonly Run[] = [setup.teacher, ...setup.students];
  const unscored = [...new Set(runs.filter(({ holds }) => holds === 'predictions').map(({ model }) => model))];
  return [
    several.length > 0
      ? `Numbers of ${several.join(', ')} are means of trials; what is shown row by row or bin by bin is that of the first trial.`
      : '',
    unscored.length > 0
      ? `Of ${unscored.join(', ')} only predictions are known, so there is no calibration, likelihood or divergence.`
      : '',
    points < rows ? `Confidences row by row are those of ${points} rows drawn at random.` : '',
    features > 0 && features < rows ? `Similarities of layers are those of ${features} rows drawn at random.` : '',
    students.length + 1 > mostOverlapping
      ? `Errors are compared row by row for the first ${mostOverlapping} models.`
      : '',
  ].filter((note) => note !== '');
}
