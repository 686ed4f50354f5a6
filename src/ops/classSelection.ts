/** Logits of a selection of classes that is the same in every row, with the others as a tail or left out. */
import type { Backend } from '../backend.ts';
import { appendColumn, bucketLogits, repeatedRow, tailGradient, tailLogits } from './classBuckets.ts';
import { flattenRows } from './flattenRows.ts';
import { takeAlong } from './takeAlong.ts';
import type { ClassSelection } from './vocabulary.ts';

/** [..., classes] → [..., selected], or one more for the tail at the end, formed at a temperature. */
export function selectClasses<T>(backend: Backend<T>, logits: T, selection: ClassSelection, temperature: number): T {
  return backend.scope(() => {
    const shape = backend.shapeOf(logits);
    const flat = flattenRows(backend, logits);
    const rows = backend.shapeOf(flat)[0]!;
    const { indices, tail } = selection;
    const picked = bucketLogits(backend, flat, repeatedRow(backend, rows, Float32Array.from(indices)));
    const found = tail
      ? appendColumn(
          backend,
          picked,
          tailLogits(backend, flat, insideOf(backend, selection, shape.at(-1)!), temperature),
        )
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
    const classes = shape.at(-1)!;
    const flat = flattenRows(backend, logits);
    const ofBuckets = flattenRows(backend, gradient);
    const rows = backend.shapeOf(flat)[0]!;
    const { indices, tail } = selection;
    const places = new Float32Array(classes).fill(-1);
    for (let bucket = 0; bucket < indices.length; bucket++) places[indices[bucket]!] = bucket;
    const own = takeAlong(backend, ofBuckets, repeatedRow(backend, rows, places));
    if (!tail) return backend.reshape(own, shape);
    const ofTail = takeAlong(backend, ofBuckets, repeatedRow(backend, rows, Float32Array.of(indices.length)));
    const inside = insideOf(backend, selection, classes);
    const tailLogit = tailLogits(backend, flat, inside, temperature);
    const outside = tailGradient(backend, flat, inside, tailLogit, ofTail, temperature);
    return backend.reshape(backend.add(own, outside), shape);
  });
}

/** 1 for each class of the selection, [1, classes]. */
function insideOf<T>(backend: Backend<T>, { indices }: ClassSelection, classes: number): T {
  const inside = new Float32Array(classes);
  for (const index of indices) inside[index] = 1;
  return backend.fromHost({ data: inside, shape: [1, classes] });
}
