/** Logits of a selection of classes that is the same in every row, with the others as a tail or left out. */
import type { Backend } from '../backend.ts';
import { repeatedRow, tailGradient, tailLogits } from './classBuckets.ts';
import { flattenRows } from './flattenRows.ts';
import { takeAlong } from './takeAlong.ts';
import type { ClassSelection } from './vocabulary.ts';

/** [..., classes] → [..., selected], or one more for the tail at the end, formed at a temperature. */
export function selectClasses<T>(backend: Backend<T>, logits: T, selection: ClassSelection, temperature: number): T {
  return backend.scope(() => {
    const shape = backend.shapeOf(logits);
    const flat = flattenRows(backend, logits);
    const { indices, tail } = selection;
    const classes = new Float32Array(indices.length + Number(tail));
    classes.set(indices);
    const picked = takeAlong(backend, flat, repeatedRow(backend, backend.shapeOf(flat)[0]!, classes));
    const found = tail
      ? backend.where(
          flags(backend, classes.length, indices.keys()),
          picked,
          tailLogits(backend, outsideOf(backend, flat, selection), temperature),
        )
      : picked;
    return backend.reshape(found, [...shape.slice(0, -1), classes.length]);
  });
}

/** The gradient in the logits of all classes, from that in those of the selection. */
export function selectedGradient<T>(
  backend: Backend<T>,
  logits: T,
  selection: ClassSelection,
  temperature: number,
  gradient: T,
): T {
  return backend.scope(() => {
    const shape = backend.shapeOf(logits);
    const flat = flattenRows(backend, logits);
    const { indices, tail } = selection;
    // Each class's place among the gradients; that of the others is the tail, or none.
    const places = new Float32Array(shape.at(-1)!).fill(tail ? indices.length : -1);
    indices.forEach((index, place) => {
      places[index] = place;
    });
    const own = takeAlong(
      backend,
      flattenRows(backend, gradient),
      repeatedRow(backend, backend.shapeOf(flat)[0]!, places),
    );
    if (!tail) return backend.reshape(own, shape);
    const outside = outsideOf(backend, flat, selection);
    const shared = tailGradient(backend, outside, own, temperature);
    return backend.reshape(backend.where(flags(backend, places.length, indices), own, shared), shape);
  });
}

/** The logits with −Infinity in place of the selection's. */
function outsideOf<T>(backend: Backend<T>, flat: T, { indices }: ClassSelection): T {
  return backend.where(flags(backend, backend.shapeOf(flat)[1]!, indices), backend.scalar(-Infinity), flat);
}

/** [1, count], 1 at these places and 0 elsewhere. */
function flags<T>(backend: Backend<T>, count: number, places: Iterable<number>): T {
  const data = new Float32Array(count);
  for (const place of places) data[place] = 1;
  return backend.fromHost({ data, shape: [1, count] });
}
