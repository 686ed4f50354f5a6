/** Axes that change places: two neighbouring groups of them, as classes or channels do when they come last, or go back. */
import type { Shape } from '../backend.ts';
import { sizeOf } from '../tensor.ts';
import { beneathReshapes, type Node } from './node.ts';

/** [batch, columns, rows] in memory, [batch, rows, columns] as rows. */
export interface Transposition {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
}

/** What a permutation of axes comes down to: the shape [batch, a, b] of what it makes [batch, b, a]; undefined where that is not all. */
export function exchangedBy(shape: Shape, order: readonly number[]): readonly [number, number, number] | undefined {
  const moved = order.filter((axis) => shape[axis] !== 1);
  const lying = [...moved].sort((a, b) => a - b);
  const first = moved.findIndex((axis, at) => axis !== lying[at]);
  if (first < 0) return undefined;
  const second = lying.indexOf(moved[first]!);
  const exchanged = [...lying.slice(second), ...lying.slice(first, second)];
  if (exchanged.some((axis, at) => axis !== moved[first + at])) return undefined;
  const extent = (axes: readonly number[]): number => sizeOf(axes.map((axis) => shape[axis]!));
  return [extent(lying.slice(0, first)), extent(lying.slice(first, second)), extent(lying.slice(second))];
}

/** What a node is the transposition of, until that is made; undefined for all others. */
export function transposedIn<Stored>(node: Node<Stored>): Node<Stored> | undefined {
  const { stored, operation, operands } = beneathReshapes(node);
  return stored === undefined && operation === 'transpose' ? operands[0] : undefined;
}
