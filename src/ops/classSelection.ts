/** Logits of a selection of classes that is the same in every row, with the others as a tail or left out. */
import type { Backend } from '../backend.ts';
import { appendColumn, bucketLogits, lastColumn, repeatedRow, tailGradient, tailLogits } from './classBuckets.ts';
import { flattenRows } from './flattenRows.ts';
import { takeAlong } from './takeAlong.ts';
import type { ClassSelection } from './vocabulary.ts';

/** [..., classes] → [..., selected], or one more for the tail at the end, formed at a temperature. */
export function selectClasses<T>(backend: Backend<T>, logits: T, selection: ClassSelection, temperature: number): T {
  return backend.scope(() => {
    const shape = backend.shapeOf(logits);
    const flat = flattenRows(backend, logits);
    const { indices, tail } = selection;
    const rows = backend.shapeOf(flat)[0]!;
    const picked = bucketLogits(backend, flat, repeatedRow(backend, rows, Float32Array.from(indices)));
    const found = tail
      ? appendColumn(backend, picked, tailLogits(backend, outsideOf(backend, flat, selection), temperature))
      : picked;
    return backend.reshape(found, [...shape.slice(0, -1), indices.length + Number(tail)]);
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
    const ofBuckets = flattenRows(backend, gradient);
    const { indices, tail } = selection;
    const places = new Float32Array(shape.at(-1)!).fill(-1);
    for (let bucket = 0; bucket < indices.length; bucket++) places[indices[bucket]!] = bucket;
    const own = takeAlong(backend, ofBuckets, repeatedRow(backend, backend.shapeOf(flat)[0]!, places));
    if (!tail) return backend.reshape(own, shape);
    const outside = outsideOf(backend, flat, selection);
    const ofTail = lastColumn(backend, ofBuckets);
    const tailLogit = tailLogits(backend, outside, temperature);
    const shared = tailGradient(backend, outside, tailLogit, ofTail, temperature);
    return backend.reshape(backend.add(own, shared), shape);
  });
}

/** The logits with −Infinity in place of the selection's. */
function outsideOf<T>(backend: Backend<T>, flat: T, { indices }: ClassSelection): T {
  const inside = new Float32Array(backend.shapeOf(flat)[1]!);
  for (const index of indices) inside[index] = 1;
  const mask = backend.fromHost({ data: inside, shape: [1, inside.length] });
  return backend.where(mask, backend.scalar(-Infinity), flat);
}
