/** How a student's confidence deviates from its teacher's, row by row, and what both get right. */
import {
  accuracy,
  type ConfidenceDeviationResult,
  confidenceDeviation,
  errorOverlap,
  type HostTensor,
  measure,
  rightWrongSplit,
  tensor,
} from 'dark-knowledge';
import type { NoisyDataset } from '../data/noisyLabels.ts';
import type { Pupil } from './pupils.ts';

export interface Labels {
  readonly train: Int32Array;
  readonly test: Int32Array;
}

interface Shares {
  readonly train: number;
  readonly test: number;
}

export interface PairMeasured {
  /** Of the student's log-odds on its teacher's, over the rows of lowest teacher confidence; null where there is none. */
  readonly slope: { readonly train: number | null; readonly test: number | null };
  readonly accuracy: { readonly teacher: Shares; readonly oneHot: Shares; readonly student: Shares };
  /** Of the teacher's mistakes on test images the share that the student corrects; of its right answers, that it breaks. */
  readonly corrected: number | null;
  readonly broken: number | null;
  /** Of test images that one of the two gets wrong, and of those that both get right: the share of less student confidence. */
  readonly underfit: { readonly wrong: number; readonly right: number };
}

/** `oneHot` is the student's network trained on labels; in self-distillation that is the teacher. */
export function pairMeasured(
  { teacher, oneHot, student }: { readonly teacher: Pupil; readonly oneHot: Pupil; readonly student: Pupil },
  labels: Labels,
  bottom: number,
): PairMeasured {
  const shares = (pupil: Pupil): Shares => ({
    train: shareRight(pupil.train, labels.train),
    test: shareRight(pupil.test, labels.test),
  });
  const { corrected, broken } = measure(rightWrongSplit(), {
    labels: labels.test,
    teacherLogits: teacher.test,
    studentLogits: student.test,
  });
  return {
    slope: {
      train: deviation(teacher, student, 'train', bottom).value,
      test: deviation(teacher, student, 'test', bottom).value,
    },
    accuracy: { teacher: shares(teacher), oneHot: shares(oneHot), student: shares(student) },
    corrected,
    broken,
    underfit: underfitOf(teacher, student, labels.test),
  };
}

export function shareRight(logits: HostTensor, labels: Int32Array): number {
  return measure(accuracy(), { logits, labels }).value;
}

export function deviation(
  teacher: Pupil,
  student: Pupil,
  set: 'train' | 'test',
  bottom: number,
): ConfidenceDeviationResult {
  return confidenceDeviation({ teacherLogits: teacher[set], studentLogits: student[set] }, { bottom });
}

function underfitOf(teacher: Pupil, student: Pupil, labels: Int32Array): PairMeasured['underfit'] {
  const { union } = measure(errorOverlap({ models: ['teacher', 'student'] }), {
    labels,
    teacher: teacher.test,
    student: student.test,
  });
  const wrong = new Set(union.indices);
  const { scatter } = confidenceDeviation({ teacherLogits: teacher.test, studentLogits: student.test });
  const shareBelow = (isWrong: boolean): number => {
    const rows = Array.from(scatter.teacher.keys()).filter((row) => wrong.has(row) === isWrong);
    const below = rows.filter((row) => scatter.student[row]! < scatter.teacher[row]!);
    return rows.length === 0 ? 0 : below.length / rows.length;
  };
  return { wrong: shareBelow(true), right: shareBelow(false) };
}

export interface NoiseMeasured {
  /** Mean log-odds of the teacher's class on training images, whose labels are wrong or right. */
  readonly teacherConfidence: { readonly mislabelled: number; readonly clean: number };
  /** The share of mislabelled rows on which the student is less confident than its teacher. */
  readonly below: number;
  /** On mislabelled rows: the share that has learnt the wrong label. */
  readonly fit: { readonly teacher: number; readonly student: number };
}

export function noiseMeasured(teacher: Pupil, student: Pupil, { images, mislabelled }: NoisyDataset): NoiseMeasured {
  const parts = partsOf(teacher, student, mislabelled);
  const mean = (values: Float64Array): number =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const { scatter } = parts.mislabelled;
  const below = scatter.teacher.filter((value, row) => scatter.student[row]! < value);
  const wrongLabels = mislabelled.map((row) => images.labels[row]!);
  const learnt = (pupil: Pupil): number => shareRight(rowsOf(pupil.train, mislabelled), wrongLabels);
  return {
    teacherConfidence: { mislabelled: mean(scatter.teacher), clean: mean(parts.clean.scatter.teacher) },
    below: below.length / Math.max(1, scatter.teacher.length),
    fit: { teacher: learnt(teacher), student: learnt(student) },
  };
}

/** Training rows apart, by their labels. */
export function partsOf(
  teacher: Pupil,
  student: Pupil,
  mislabelled: Int32Array,
): Readonly<Record<'mislabelled' | 'clean', ConfidenceDeviationResult>> {
  const wrong = new Set(mislabelled);
  const clean = Int32Array.from({ length: teacher.train.shape[0]! }, (_, row) => row).filter((row) => !wrong.has(row));
  const of = (rows: Int32Array) =>
    confidenceDeviation({ teacherLogits: rowsOf(teacher.train, rows), studentLogits: rowsOf(student.train, rows) });
  return { mislabelled: of(mislabelled), clean: of(clean) };
}

function rowsOf({ data, shape }: HostTensor, rows: Int32Array): HostTensor {
  const width = shape[1]!;
  const chosen = new Float32Array(rows.length * width);
  rows.forEach((row, at) => {
    chosen.set((data as Float32Array).subarray(row * width, (row + 1) * width), at * width);
  });
  return tensor(chosen, [rows.length, width]);
}
