import type { Backend, RowsInParts, Shape } from '../backend.ts';
import { sizeOf } from '../tensor.ts';
import { replaceRows } from './replaceRows.ts';

/** What one step of a fold makes. */
export interface FoldStep<T> {
  /** For each tensor that is put together, the rows that follow those of the steps before. */
  readonly rows: readonly T[];
  /** What the next step gets. */
  readonly carried: readonly T[];
}

/**
 * Walks over parts of a problem that is too large to lie in memory at once. Each step's rows are written into the tensors
 * that the steps make together; all else that a step made is freed before the next one, except what it carries on.
 *
 * @param shapes Of the tensors that are put together along their first axes.
 * @param carried For the first step; it stays the caller's.
 * @returns The tensors as `rows`, and what the last step carried on.
 */
export function foldRows<T>(
  backend: Backend<T>,
  shapes: readonly Shape[],
  steps: number,
  carried: readonly T[],
  step: (index: number, carried: readonly T[]) => FoldStep<T>,
): FoldStep<T> {
  const wholes = shapes.map((shape) => backend.rowsInParts?.(shape) ?? patchwork(backend, shape));
  /** What is kept until the wholes are made; a step may give one tensor to several of them. */
  const kept = new Set<T>();
  let current = carried;
  for (let index = 0; index < steps; index++) {
    const before = current;
    const made = backend.scope(() => {
      const { rows, carried: next } = step(index, before);
      rows.forEach((part, at) => {
        wholes[at]!.write(part);
      });
      return { next, parts: backend.rowsInParts ? [] : rows };
    });
    current = made.next;
    made.parts.forEach((part) => {
      kept.add(part);
    });
    // A sum that is put off would hold on to all its terms.
    backend.settle?.(current);
    if (index > 0) before.filter((tensor) => !current.includes(tensor)).forEach(backend.dispose);
  }
  const rows = wholes.map((whole) => whole.finish());
  kept.forEach(backend.dispose);
  return { rows, carried: current };
}

/** Without a way of the backend's own, parts are kept, and take the places of their rows in copies of the whole at the end. */
function patchwork<T>(backend: Backend<T>, shape: Shape): RowsInParts<T> {
  const parts: T[] = [];
  return {
    write: (rows) => void parts.push(rows),
    finish: () =>
      backend.scope(() => {
        const size = sizeOf(shape);
        let joined = backend.fromHost({ data: new Float32Array(size), shape });
        let start = 0;
        for (const part of parts) {
          const first = start;
          start += backend.shapeOf(part)[0]!;
          const positions = Int32Array.from({ length: start - first }, (_, row) => first + row);
          joined = replaceRows(backend, joined, positions, part);
        }
        return joined;
      }),
  };
}
