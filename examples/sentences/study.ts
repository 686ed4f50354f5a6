/** The example as a function: trains the students, measures them, and says what came of it. */

import { table } from '../mnist/report.ts';
import { type Figures, figuresOf, type Gaps, gapsBetween, mapOf, type Studied, speedOf } from './analysis.ts';
import { conclude, inBrackets } from './conclusion.ts';
import type { SentenceData } from './data.ts';
import { fitProbe } from './probe.ts';
import { embed, ngramsOf, type StudentWeights } from './student.ts';
import { type MethodName, type Training, trainStudent } from './train.ts';

export interface StudySettings extends Omit<Training, 'onStep'> {
  /** The students to train: `independent`, `cosine` and `all three` have to be among them. */
  readonly methods: readonly MethodName[];
  readonly probeSteps: number;
  readonly probeDecay: number;
  /** Subsamples of an interval. */
  readonly resamples: number;
}

export interface Study {
  readonly text: string;
  readonly conclusion: string;
  readonly figures: readonly Figures[];
  readonly gaps: Gaps;
  readonly map: ReturnType<typeof mapOf>;
  readonly sentencesPerSecond: number;
}

export async function runStudy(
  { train, test, speeds }: SentenceData,
  settings: StudySettings,
  progress: (text: string, last?: boolean) => void,
): Promise<Study> {
  const probe = { classes: train.roomNames.length, steps: settings.probeSteps, decay: settings.probeDecay };
  const bags = { train: train.texts.map(ngramsOf), test: test.texts.map(ngramsOf) };
  const models: Record<string, Studied> = {
    teacher: {
      embeddings: test.teacher,
      logits: fitProbe(train.teacher, train.rooms, probe)(test.teacher),
    },
  };
  let weights: StudentWeights | undefined;
  for (const name of settings.methods) {
    const onStep = (step: number, steps: number, loss: number): void =>
      progress(`${name}: step ${step}/${steps}, loss ${loss.toFixed(3)}`);
    weights = await trainStudent(name, train, { ...settings, onStep });
    progress(`${name}: trained; its probe is fitted`, true);
    const embeddings = embed(weights, bags.test);
    models[name] = { embeddings, logits: fitProbe(embed(weights, bags.train), train.rooms, probe)(embeddings) };
  }
  const figures = Object.entries(models).map(([name, model]) => figuresOf(name, model, models.teacher!, test.rooms));
  const distilled = 'all three' satisfies MethodName;
  const between = (first: MethodName, second: MethodName): Gaps => {
    progress(`Intervals of ${first} less ${second}`, true);
    return gapsBetween(models[first]!, models[second]!, models.teacher!, test.rooms, settings.resamples);
  };
  const gaps = between(distilled, 'independent');
  const more = between(distilled, 'cosine');
  const map = mapOf(models);
  const timesAsFast = speeds.studentSentencesPerSecond / speeds.teacherSentencesPerSecond;
  const sentencesPerSecond = speedOf(weights!, test.texts, 5);
  const text = [
    `Students of all-MiniLM-L6-v2 on ${test.texts.length} test sentences: CKA with the teacher's embeddings (debiased), share of its ten\nnearest neighbours, and a linear probe for ${probe.classes} rooms of the repository: accuracy, calibration error, loss\n${table(
      ['', 'CKA', 'neighbours', 'probe', 'ECE', 'NLL'],
      figures.map(({ model, cka, neighbors, probeAccuracy, probeCalibrationError, probeLoss }) => [
        model,
        ...[cka, neighbors, probeAccuracy, probeCalibrationError, probeLoss].map((value) => value.toFixed(3)),
      ]),
    )}`,
    `Differences on the same sentences, with 95 % intervals\n${table(
      ['', `${distilled} − independent`, `${distilled} − cosine`],
      (['cka', 'neighbors', 'probeAccuracy', 'probeCalibrationError'] as const).map((field) => [
        { cka: 'CKA', neighbors: 'neighbours', probeAccuracy: 'probe', probeCalibrationError: 'ECE' }[field],
        inBrackets(gaps[field]),
        inBrackets(more[field]),
      ]),
    )}`,
    `Map of the models by 1 − CKA, Stress-1 ${map.stress1.toFixed(3)}\n${table(
      ['', 'x', 'y'],
      map.names.map((name, row) => [name, ...map.coordinates[row]!.map((value) => value.toFixed(3))]),
    )}`,
    `Sentences a second, side by side on ${speeds.machine}:\nteacher ${speeds.teacherSentencesPerSecond.toFixed(0)}` +
      ` (${speeds.teacherRuntime}), student ${speeds.studentSentencesPerSecond.toFixed(0)}: ${timesAsFast.toFixed(0)} times as many.` +
      ` Here and now the student makes ${sentencesPerSecond.toFixed(0)}.`,
  ].join('\n\n');
  const conclusion = conclude({
    figures,
    gaps,
    more,
    distilled,
    chanceOfNeighbors: 10 / (test.texts.length - 1),
    timesAsFast,
    trainSentences: train.texts.length,
    testSentences: test.texts.length,
  });
  return { text, conclusion, figures, gaps, map, sentencesPerSecond };
}
