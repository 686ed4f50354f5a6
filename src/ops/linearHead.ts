/** The last layer of a model, in tiles: logits of some rows and some classes, and the way of a gradient back through it. */
import type { Backend } from '../backend.ts';
import { isMinusInfinity } from './isMinusInfinity.ts';
import { scale } from './scale.ts';
import { tanh } from './tanh.ts';

/** What becomes of a head's products before the softmax: z = cap·tanh(scale·(h·wᵀ + b)/cap), or scale·(h·wᵀ + b). */
export interface HeadShape {
  readonly scale: number;
  readonly softcap: number | undefined;
}

/** A head: weight [classes, width] and bias [classes]. */
export interface Head<T> extends HeadShape {
  readonly weight: T;
  readonly bias: T | undefined;
}

/** Consecutive whole numbers. */
export interface Range {
  readonly start: number;
  readonly size: number;
}

/** Cuts `count` into ranges of at most `size`. */
export function rangesOf(count: number, size: number): readonly Range[] {
  return Array.from({ length: Math.ceil(count / size) }, (_, index) => {
    const start = index * size;
    return { start, size: Math.min(size, count - start) };
  });
}

/** Rows `start` … of a tensor along its first axis; the tensor itself where they are all. */
export function rowsWithin<T>(backend: Backend<T>, x: T, { start, size }: Range): T {
  if (size === backend.shapeOf(x)[0]) return x;
  const numbers = Int32Array.from({ length: size }, (_, index) => start + index);
  return backend.gather(x, backend.fromHost({ data: numbers, shape: [size] }));
}

/** The head of some classes. */
export function headWithin<T>(backend: Backend<T>, head: Head<T>, classes: Range): Head<T> {
  const { weight, bias } = head;
  return {
    ...head,
    weight: rowsWithin(backend, weight, classes),
    bias: bias === undefined ? undefined : rowsWithin(backend, bias, classes),
  };
}

/** Logits [rows, classes]. A class whose bias is −Infinity is masked, and stays so under a cap. */
export function headLogits<T>(backend: Backend<T>, states: T, { weight, bias, scale: factor, softcap }: Head<T>): T {
  return backend.scope(() => {
    const products = backend.matMul(states, weight, { transposeB: true });
    const scores = scale(backend, bias === undefined ? products : backend.add(products, bias), factor);
    if (softcap === undefined) return scores;
    const capped = scale(backend, tanh(backend, scale(backend, scores, 1 / softcap)), softcap);
    return backend.where(isMinusInfinity(backend, scores), scores, capped);
  });
}

/** The gradient in the products from that in the logits. */
export function headGradient<T>(backend: Backend<T>, logits: T, gradient: T, { scale: factor, softcap }: HeadShape): T {
  if (softcap === undefined) return scale(backend, gradient, factor);
  return backend.scope(() => {
    // A quotient: where a logit is the cap its share is 1 and the slope 0, which a product with a rounded 1/cap may miss by a
    // rounding, for states of any size to multiply.
    const share = backend.divide(logits, backend.scalar(softcap));
    const slope = backend.subtract(backend.scalar(1), backend.multiply(share, share));
    const through = backend.multiply(gradient, scale(backend, slope, factor));
    // Of a masked class the slope is infinite and the gradient 0.
    return backend.where(isMinusInfinity(backend, logits), backend.scalar(0), through);
  });
}
