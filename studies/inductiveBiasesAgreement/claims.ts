/** The paper's claims on agreement, and its numbers. */
import { type Claim, claimAbove } from '../claims.ts';
import type { SentenceModelName } from '../models/sentenceClassifiers.ts';

/** From the fewest recurrent biases to all. */
export const modelNames: readonly SentenceModelName[] = ['transformer', 'transformerSeq', 'universalSeq', 'lstm'];
export const modelTitles: Readonly<Record<SentenceModelName, string>> = {
  transformer: 'Transformer',
  transformerSeq: 'Transformer-seq',
  universalSeq: 'UniversalTransformer-seq',
  lstm: 'LSTM',
};

/** Nobody, or whose answers a model learns from. */
export type TeacherName = SentenceModelName | 'alone';
export const teacherNames: readonly TeacherName[] = ['alone', ...modelNames];

/** What is measured of one model in one trial. */
export interface Measured {
  readonly student: SentenceModelName;
  readonly teacher: TeacherName;
  readonly trial: number;
  /** μ: over all sentences. */
  readonly accuracy: number;
  /** D: the mean over groups by distance. */
  readonly byDistance: number;
  /** A: the mean over groups by number of attractors. */
  readonly byAttractors: number;
  readonly calibrationError: number;
  /** On the sentences it was trained on. */
  readonly training: number;
  /** How alike its representations and those of the LSTM that teaches in this trial are. */
  readonly likeLstm: number;
}

/** Tables 2 and 4: μ-accuracy of each student with each teacher. */
export const paperAccuracy: Readonly<Record<SentenceModelName, Readonly<Record<TeacherName, number>>>> = {
  transformer: { alone: 0.954, transformer: 0.9555, transformerSeq: 0.9556, universalSeq: 0.9571, lstm: 0.9596 },
  transformerSeq: { alone: 0.964, transformer: 0.9599, transformerSeq: 0.9629, universalSeq: 0.9679, lstm: 0.972 },
  universalSeq: { alone: 0.969, transformer: 0.9611, transformerSeq: 0.9635, universalSeq: 0.9688, lstm: 0.9748 },
  lstm: { alone: 0.977, transformer: 0.9682, transformerSeq: 0.969, universalSeq: 0.9741, lstm: 0.9759 },
};

/** Table 2: D- and A-accuracy of the models alone. */
export const paperGroups: Readonly<Record<SentenceModelName, readonly [byDistance: number, byAttractors: number]>> = {
  transformer: [0.901, 0.717],
  transformerSeq: [0.909, 0.742],
  universalSeq: [0.932, 0.806],
  lstm: [0.97, 0.928],
};

type Measure = 'accuracy' | 'byAttractors' | 'calibrationError' | 'likeLstm';

/** A measure of a student with a teacher, trial by trial. */
export function trialsOf(
  measured: readonly Measured[],
  student: SentenceModelName,
  teacher: TeacherName,
  measure: keyof Omit<Measured, 'student' | 'teacher'>,
): readonly number[] {
  return measured.filter((row) => row.student === student && row.teacher === teacher).map((row) => row[measure]);
}

type Side = readonly [student: SentenceModelName, teacher: TeacherName];

/** The order of the four alone; LSTM teachers above none and above self-distillation, in accuracy and calibration. */
export function agreementClaims(measured: readonly Measured[]): readonly Claim[] {
  const above = (
    claim: string,
    measure: Measure,
    larger: Side,
    smaller: Side,
    paper: string,
    source: string,
  ): Claim => {
    const second = trialsOf(measured, ...smaller, measure);
    const differences = trialsOf(measured, ...larger, measure).map((value, trial) => value - second[trial]!);
    return claimAbove({ claim, measure: measureWords[measure], paper, source }, differences);
  };
  const accuracy = (claim: string, larger: Side, smaller: Side, source: string): Claim => {
    const paper = paperAccuracy[larger[0]][larger[1]] - paperAccuracy[smaller[0]][smaller[1]];
    return above(claim, 'accuracy', larger, smaller, paper.toFixed(4), source);
  };
  const order = modelNames
    .slice(1)
    .map((name, at) =>
      accuracy(
        `${modelTitles[name]} above ${modelTitles[modelNames[at]!]}, both alone`,
        [name, 'alone'],
        [modelNames[at]!, 'alone'],
        'Table 2',
      ),
    );
  const students = modelNames.slice(0, -1);
  return [
    ...order,
    above(
      'LSTM above Transformer, both alone',
      'byAttractors',
      ['lstm', 'alone'],
      ['transformer', 'alone'],
      (paperGroups.lstm[1] - paperGroups.transformer[1]).toFixed(3),
      'Table 2',
    ),
    ...students.map((name) =>
      accuracy(`LSTM → ${modelTitles[name]} above it alone`, [name, 'lstm'], [name, 'alone'], 'Tables 2 and 4'),
    ),
    ...students.map((name) =>
      accuracy(`LSTM → ${modelTitles[name]} above self-distillation`, [name, 'lstm'], [name, name], 'Table 4'),
    ),
    ...students.map((name) =>
      above(
        `LSTM → ${modelTitles[name]} better calibrated than it alone`,
        'calibrationError',
        [name, 'alone'],
        [name, 'lstm'],
        'lower',
        'Figure 3b',
      ),
    ),
    ...students.map((name) =>
      above(
        `LSTM → ${modelTitles[name]} represents more as the LSTM does than it does alone`,
        'likeLstm',
        [name, 'lstm'],
        [name, 'alone'],
        'nearer',
        'Figure 6',
      ),
    ),
  ];
}

const measureWords: Readonly<Record<Measure, string>> = {
  accuracy: 'μ-accuracy, difference',
  byAttractors: 'A-accuracy, difference',
  calibrationError: 'ECE, alone less distilled',
  likeLstm: 'representational similarity, difference',
};
