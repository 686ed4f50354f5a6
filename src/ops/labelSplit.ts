/** A prediction in two parts: the label against all other classes, and the others among themselves. */
import type { Backend } from '../backend.ts';
import { isMinusInfinity } from './isMinusInfinity.ts';
import { probabilityGap } from './relativeEntropy.ts';
import { scale } from './scale.ts';
import { exactDifference, type SoftenedPair, softenedPair } from './softenedPair.ts';

/** Both sides' predictions, split at the label. */
export interface LabelSplit<T> {
  /** 1 at the label, [..., classes]. */
  readonly label: T;
  /** log(q_y/(1 − q_y)), [..., 1]: the label's logit less log Σ e^logit over the others. NaN for a label out of range. */
  readonly studentOdds: T;
  readonly teacherOdds: T;
  /** Student's less teacher's odds, with the digits that the difference of the logits has. NaN where both sides are infinite. */
  readonly oddsApart: T;
  /** The predictions over the other classes alone, which sum to 1; 0 at the label. NaN where a side has none. */
  readonly others: SoftenedPair<T>;
  /** 1 for a row, [..., 1], all of whose other classes the student masks with −Infinity; and the teacher's. */
  readonly studentAlone: T;
  readonly teacherAlone: T;
}

/** Splits predictions at temperature T; `labels` [...], logits [..., classes] of at least two classes. */
export function labelSplit<T>(
  backend: Backend<T>,
  studentLogits: T,
  teacherLogits: T,
  labels: T,
  temperature: number,
): LabelSplit<T> {
  const label = backend.oneHot(labels, backend.shapeOf(studentLogits).at(-1)!);
  const labelled = backend.sum(label, { axis: -1, keepDims: true });
  const othersOf = (logits: T): T => backend.where(label, backend.scalar(-Infinity), logits);
  const [student, teacher] = [othersOf(studentLogits), othersOf(teacherLogits)];
  const others = softenedPair(backend, student, teacher, { student: temperature, teacher: temperature });
  const onLabel = (logits: T): T => {
    const own = backend.sum(backend.where(label, logits, backend.scalar(0)), { axis: -1, keepDims: true });
    return backend.divide(own, labelled);
  };
  const own = { student: onLabel(studentLogits), teacher: onLabel(teacherLogits) };
  /** log Σ e^logit over the others is their maximum, over T, and the logarithm of the total above it. */
  const sideOf = (side: 'student' | 'teacher') => {
    const most = others.maxima[side];
    const alone = isMinusInfinity(backend, most);
    const above = backend.subtract(own[side], most);
    const logTotal = backend.where(alone, backend.scalar(0), backend.log(others.totals[side]));
    return { odds: backend.subtract(scale(backend, above, 1 / temperature), logTotal), alone };
  };
  const [ofStudent, ofTeacher] = [sideOf('student'), sideOf('teacher')];
  // The logarithm of the ratio as for any other class, but with the totals of the others.
  const onLabelApart = scale(backend, exactDifference(backend, own, others.maxima), 1 / temperature);
  return {
    label,
    studentOdds: ofStudent.odds,
    teacherOdds: ofTeacher.odds,
    oddsApart: backend.subtract(others.kappa, onLabelApart),
    others,
    studentAlone: ofStudent.alone,
    teacherAlone: ofTeacher.alone,
  };
}

/** A loss over the other classes, [..., 1]: 0 where the teacher has none, else +Infinity where the student has none. */
export function lossOfOthers<T>(backend: Backend<T>, { studentAlone, teacherAlone }: LabelSplit<T>, loss: T): T {
  const wrong = backend.where(studentAlone, backend.scalar(Infinity), loss);
  return backend.where(teacherAlone, backend.scalar(0), wrong);
}

/** The student's prediction over the other classes, 0 where it has none. */
export function studentOfOthers<T>(backend: Backend<T>, { others, studentAlone }: LabelSplit<T>): T {
  return backend.where(studentAlone, backend.scalar(0), others.student);
}

/** Student's less teacher's prediction over the other classes; 0 where a side has none. */
export function gapOfOthers<T>(backend: Backend<T>, { others, studentAlone, teacherAlone }: LabelSplit<T>): T {
  const gap = probabilityGap(backend, others.teacher, others.student, others.logRatio, others.near);
  return backend.where(backend.maximum(studentAlone, teacherAlone), backend.scalar(0), gap);
}
