/**
 * Noise-contrastive terms of anchors, in log form: no exponential of a score is taken, so nothing overflows at any
 * temperature. With x = score/T − log Z − log c, where c is the ratio of noise to data,
 *
 *     positive   −log(h)       = softplus(−x)    derivative in x   σ(x) − 1
 *     negative   −log(1 − h)   = softplus(x)     derivative in x   σ(x)
 *
 * for h = e^(score/T)/Z / (e^(score/T)/Z + c).
 */
import type { Backend } from '../../backend.ts';
import { foldContrasts } from '../../ops/contrastScores.ts';
import { scale } from '../../ops/scale.ts';
import { sigmoid } from '../../ops/sigmoid.ts';
import { softplus } from '../../ops/softplus.ts';

/** What turns a dot product into x. */
export interface ContrastScale<T> {
  readonly temperature: number;
  /** log Z + log c, a scalar. */
  readonly threshold: T;
}

/** For each anchor its loss and the derivative of that loss in the anchor. */
export interface Contrast<T> {
  /** [anchors]. */
  readonly losses: T;
  /** [anchors, dimension]. */
  readonly gradients: T;
}

/** x for dot products of any shape. */
export function excess<T>(backend: Backend<T>, scores: T, { temperature, threshold }: ContrastScale<T>): T {
  return backend.subtract(scale(backend, scores, 1 / temperature), threshold);
}

/** −log h, and its derivative in x. */
export function positiveTerm<T>(backend: Backend<T>, x: T): { readonly loss: T; readonly slope: T } {
  const opposite = backend.subtract(backend.scalar(0), x);
  const slope = backend.subtract(backend.scalar(0), sigmoid(backend, opposite));
  return { loss: softplus(backend, opposite), slope };
}

/** Anchors against one row each, their positives; with the derivative in those rows, for rows that have one. */
export function contrastWithPositives<T>(
  backend: Backend<T>,
  anchors: T,
  positives: T,
  scaling: ContrastScale<T>,
): Contrast<T> & { readonly positiveGradients: T } {
  const scores = backend.sum(backend.multiply(anchors, positives), { axis: -1, keepDims: true });
  const { loss, slope } = positiveTerm(backend, excess(backend, scores, scaling));
  const slopes = scale(backend, slope, 1 / scaling.temperature);
  return {
    losses: backend.reshape(loss, backend.shapeOf(loss).slice(0, 1)),
    gradients: backend.multiply(positives, slopes),
    positiveGradients: backend.multiply(anchors, slopes),
  };
}

/** Anchors against the negatives that `candidates` [anchors, negatives] names in the bank. */
export function contrastWithBank<T>(
  backend: Backend<T>,
  anchors: T,
  bank: T,
  candidates: T,
  scaling: ContrastScale<T>,
): Contrast<T> {
  return foldContrasts<T, 'losses' | 'gradients'>(backend, anchors, bank, candidates, (chunk) => {
    const x = excess(backend, chunk.scores, scaling);
    // Scopes of their own: the temporaries of one are gone before the other begins.
    const losses = backend.scope(() => chunk.sum(softplus(backend, x)));
    const gradients = backend.scope(() =>
      chunk.weightedRows(scale(backend, sigmoid(backend, x), 1 / scaling.temperature)),
    );
    return { losses, gradients };
  });
}

/** Anchors against every row of a queue. */
export function contrastWithQueue<T>(
  backend: Backend<T>,
  anchors: T,
  queue: T,
  scaling: ContrastScale<T>,
): Contrast<T> {
  const x = excess(backend, backend.matMul(anchors, queue, { transposeB: true }), scaling);
  const slopes = scale(backend, sigmoid(backend, x), 1 / scaling.temperature);
  return { losses: backend.sum(softplus(backend, x), { axis: -1 }), gradients: backend.matMul(slopes, queue) };
}

/** The sum of two contrasts of the same anchors. */
export function addContrasts<T>(backend: Backend<T>, a: Contrast<T>, b: Contrast<T>): Contrast<T> {
  return { losses: backend.add(a.losses, b.losses), gradients: backend.add(a.gradients, b.gradients) };
}
