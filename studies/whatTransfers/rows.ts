/** What a run measures, a row for each student of each trial. */
import type {
  PredictionMatch,
  SaliencyTransferResult,
  ShapeBiasResult,
  StudentFoolingRateResult,
} from 'dark-knowledge';
import type { UnseenName } from '../data/unseenDomains.ts';
import type { Schooling } from './images.ts';

export type Taught = 'kl' | 'hint' | 'crd';
export const taught: readonly Taught[] = ['kl', 'hint', 'crd'];
export type StudentName = 'alone' | 'pseudo' | `${Schooling} ${Taught}` | 'restyled kl lower';

export interface Compared {
  readonly accuracy: number;
  readonly colourInvariance: PredictionMatch;
  readonly shiftInvariance: PredictionMatch;
  /** With its teacher on plain images. */
  readonly consensus: PredictionMatch;
  readonly consensusUnseen: Readonly<Record<UnseenName, number>>;
  readonly shapeBias: ShapeBiasResult;
}

export interface StudentRow extends Compared {
  readonly student: StudentName;
  readonly trial: number;
  /** How often the teacher looks where this student does, rather than where the one without a teacher does. */
  readonly looksAlike: SaliencyTransferResult;
  readonly fooledByTeachers: StudentFoolingRateResult;
  readonly fooledByForeign: StudentFoolingRateResult;
  /** CKA of each layer with the same layer of the teacher. */
  readonly layerSimilarity: readonly number[];
}

export interface TeacherRow extends Compared {
  readonly teacher: Schooling;
}

/** The numbers of a student over trials. */
export function numbersOf(
  rows: readonly StudentRow[],
  student: StudentName,
  value: (row: StudentRow) => number | null,
): readonly number[] {
  const found = rows.filter((row) => row.student === student).map(value);
  // A rate that is not defined (nothing fooled the teacher, no decision by shape or texture) leaves the claim undecided.
  return found.map((number) => number ?? Number.NaN);
}
