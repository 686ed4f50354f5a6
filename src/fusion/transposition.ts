/** Axes that change places: two neighbouring groups of them, as classes or channels do when they come last, or go back. */
import type { Backend, Shape } from '../backend.ts';
import { mergeAxes } from '../layout.ts';
import { stridesOf } from '../shape.ts';
import { beneathReshapes, type Node } from './node.ts';

/** [batch, columns, rows] in memory, [batch, rows, columns] as rows. */
export interface Transposition {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
}

/** What a permutation of axes comes down to: the shape [batch, a, b] of what it makes [batch, b, a]; undefined where that is not all. */
export function exchangedBy(shape: Shape, order: readonly number[]): readonly [number, number, number] | undefined {
  const strides = stridesOf(shape);
  const merged = mergeAxes(
    order.map((axis) => shape[axis]!),
    [order.map((axis) => strides[axis]!)],
  );
  // What has the stride 1 was last, and what comes after it now was before it: one axis more can only be before both.
  const [first, second, batch, ...others] = merged.toReversed();
  if (first === undefined || second?.strides[0] !== 1 || others.length > 0) return undefined;
  return [batch?.extent ?? 1, first.extent, second.extent];
}

/** A tensor as of one shape, its last two axes exchanged, as of another. */
export function exchanged<T>(backend: Backend<T>, x: T, from: Shape, to: Shape): T {
  return backend.scope(() => backend.reshape(backend.transpose(backend.reshape(x, from)), to));
}

/** What a node is the transposition of, until that is made; undefined for all others. */
export function transposedIn<Stored>(node: Node<Stored>): Node<Stored> | undefined {
  const { stored, operation, operands } = beneathReshapes(node);
  return stored === undefined && operation === 'transpose' ? operands[0] : undefined;
}
