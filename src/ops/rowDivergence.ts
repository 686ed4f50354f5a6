/**
 * Divergences of softened predictions for each row, with their gradients in the student's softened logits u: one statement
 * for the losses on all classes, on a teacher's top classes, and on classes that come in tiles.
 */
import type { Backend } from '../backend.ts';
import { farMixture, mixtureRatio } from './mixture.ts';
import { centredGradient, probabilityGap, relativeEntropy } from './relativeEntropy.ts';
import { scale } from './scale.ts';
import type { ProbabilityPair, SoftenedPair } from './softenedPair.ts';
import { totalVariationGradient, totalVariationOf } from './totalVariation.ts';

/** The divergences by name. */
export type DivergenceName = 'forward' | 'reverse' | 'jensenShannon' | 'totalVariation';

/** What the gradient needs of the values: `student` and `first` of each class, `second` of each class or row, `near` of rows. */
export type DivergenceKept = 'student' | 'first' | 'second' | 'near';

/** A divergence of p, the teacher's prediction, and q, the student's. */
export interface RowDivergence {
  /** One number a row, [...], and what the gradient needs. */
  rows<T>(backend: Backend<T>, pair: ProbabilityPair<T>): Readonly<Record<DivergenceKept | 'losses', T>>;
  /** Their gradients in u, [..., classes]. */
  gradient<T>(backend: Backend<T>, kept: Readonly<Record<DivergenceKept, T>>): T;
}

/** A divergence whose gradient in some of the classes needs no more of the others than one number a row. */
export interface PartialDivergence extends RowDivergence {
  /** The gradients in u of a part of the classes; `second` is that of all of them, [...]. */
  part<T>(backend: Backend<T>, pair: ProbabilityPair<T>, second: T): T;
}

/** KL(p‖q); gradient q − p. */
export const forwardDivergence: PartialDivergence = {
  rows(backend, pair) {
    const { student, teacher, logRatio } = pair;
    const losses = pair.divergence ?? relativeEntropy(backend, teacher, student, logRatio);
    return { losses, student, first: teacher, second: logRatio, near: nearRows(backend, pair) };
  },
  gradient: (backend, { student, first: teacher, second: logRatio, near }) =>
    probabilityGap(backend, teacher, student, logRatio, near),
  part: (backend, { student, teacher, logRatio }) => probabilityGap(backend, teacher, student, logRatio),
};

/** KL(q‖p); gradient q·((log q − log p) − KL). */
export const reverseDivergence: PartialDivergence = {
  rows(backend, pair) {
    const { student, teacher, logRatio } = pair;
    const losses = relativeEntropy(backend, student, teacher, scale(backend, logRatio, -1), pair.near);
    return { losses, student, first: logRatio, second: losses, near: nearRows(backend, pair) };
  },
  gradient: (backend, { student, first: logRatio, second: losses }) =>
    centredGradient(backend, student, logRatio, losses),
  part: (backend, { student, logRatio }, losses) => centredGradient(backend, student, logRatio, losses),
};

/** β·KL(p‖m) + (1 − β)·KL(q‖m), m = β·p + (1 − β)·q; gradient (1 − β)·q·((log q − log m) − KL(q‖m)). */
export function jensenShannonDivergence(beta: number): PartialDivergence {
  return {
    rows(backend, pair) {
      const { student, teacher, logRatio } = pair;
      const far = isSoftened(pair) ? farMixture(backend, pair, beta) : undefined;
      const farOf = (side: 'student' | 'teacher') => far && { near: far.near, logRatio: far.logRatios[side] };
      const opposite = scale(backend, logRatio, -1);
      const ofTeacher = mixtureRatio(backend, teacher, student, logRatio, beta, farOf('teacher'));
      const ofStudent = mixtureRatio(backend, student, teacher, opposite, 1 - beta, farOf('student'));
      const terms = backend.add(scale(backend, ofTeacher.terms, beta), scale(backend, ofStudent.terms, 1 - beta));
      return {
        // Where a class is there on one side alone and hardly expected, rounding may leave less than 0.
        losses: backend.maximum(backend.sum(terms, { axis: -1 }), backend.scalar(0)),
        student,
        first: scale(backend, ofStudent.logRatio, -1),
        second: backend.sum(ofStudent.terms, { axis: -1 }),
        near: nearRows(backend, pair),
      };
    },
    gradient: (backend, { student, first: overMixture, second: studentDivergence }) =>
      scale(backend, centredGradient(backend, student, overMixture, studentDivergence), 1 - beta),
    part(backend, { student, teacher, logRatio }, studentDivergence) {
      const ratio = mixtureRatio(backend, student, teacher, scale(backend, logRatio, -1), 1 - beta).logRatio;
      return scale(backend, centredGradient(backend, student, scale(backend, ratio, -1), studentDivergence), 1 - beta);
    },
  };
}

/** ½·Σ|p − q|; gradient q·(g − Σ q·g), g = ½·sign(q − p). */
export const totalVariationDivergence: RowDivergence = {
  rows(backend, pair) {
    const { distance, gap } = totalVariationOf(backend, pair);
    return { losses: distance, student: pair.student, first: gap, second: distance, near: nearRows(backend, pair) };
  },
  gradient: (backend, { student, first: gap }) => totalVariationGradient(backend, student, gap),
};

function isSoftened<T>(pair: ProbabilityPair<T>): pair is SoftenedPair<T> {
  return 'shifted' in pair;
}

/** The pair's near rows; all of them, where it does not say. */
function nearRows<T>(backend: Backend<T>, { near }: ProbabilityPair<T>): T {
  return near ?? backend.scalar(1);
}

/** A divergence that classes in tiles can have; `beta` is the teacher's share in the mixture of `jensenShannon`. */
export function partialDivergence(name: Exclude<DivergenceName, 'totalVariation'>, beta = 0.5): PartialDivergence {
  if (name === 'jensenShannon') return jensenShannonDivergence(beta);
  return name === 'forward' ? forwardDivergence : reverseDivergence;
}

/** The divergence of a name; `beta` as there. Who knows which one it is takes that alone, and bundles no other. */
export function rowDivergence(name: DivergenceName, beta = 0.5): RowDivergence {
  return name === 'totalVariation' ? totalVariationDivergence : partialDivergence(name, beta);
}
