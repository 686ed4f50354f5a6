/** Members of the backend that move elements: reshape, transpose, oneHot, gather, replaceRows. */
import type { Backend } from '../backend.ts';
import { describeShape } from '../check.ts';
import { mergeAxes, stridesOf } from '../layout.ts';
import { sizeOf } from '../tensor.ts';
import type { Kernels, Pointer } from './assemblyExports.ts';
import type { TensorStore, WasmTensor } from './tensors.ts';
import { writePlan } from './walk.ts';

/** The permutation to apply, checked; without one the last two axes swap. */
function permutationOf(rank: number, permutation: readonly number[] | undefined): readonly number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  if (permutation === undefined && rank >= 2) return [...axes.slice(0, -2), rank - 1, rank - 2];
  const order = (permutation ?? []).map((axis) => (axis < 0 ? axis + rank : axis));
  if (permutation === undefined || order.length !== rank || axes.some((axis) => !order.includes(axis))) {
    throw new TypeError(
      `transpose: permutation must name each of ${rank} axes once, got ${describeShape(permutation ?? [])}.`,
    );
  }
  return order;
}

/** Makes the members. `plan` is a block of `planBytes`. */
export function layoutMembers(
  kernels: Kernels,
  store: TensorStore,
  plan: Pointer,
): Required<Pick<Backend<WasmTensor>, 'reshape' | 'transpose' | 'oneHot' | 'gather' | 'replaceRows'>> {
  return {
    reshape(x, shape) {
      if (sizeOf(shape) !== x.storage.size) {
        throw new TypeError(
          `reshape: shape must hold ${x.storage.size} elements, got ${describeShape(shape)} for ${describeShape(x.shape)}.`,
        );
      }
      return store.share(x, [...shape]);
    },

    transpose(x, permutation) {
      const from = store.pointerTo('transpose', x);
      const order = permutationOf(x.shape.length, permutation);
      const strides = stridesOf(x.shape);
      const shape = order.map((axis) => x.shape[axis]!);
      const axes = mergeAxes(shape, [order.map((axis) => strides[axis]!), stridesOf(shape)]);
      // Every axis merged into one: the order of elements is unchanged.
      if (axes.length <= 1) return store.share(x, shape);
      const out = store.make(shape);
      if (out.storage.size === 0) return out;
      const to = out.storage.pointer;
      const last = axes.at(-1)!;
      if (last.strides[0] === 1) {
        const count = writePlan(store.arena.words(), plan, axes.slice(0, -1));
        kernels.copyRuns(from, to, last.extent * 4, plan, count);
        return out;
      }
      // The input's own last axis becomes the planes' columns, the output's last axis their rows.
      const column = axes.findIndex(({ strides: [stride] }) => stride === 1);
      const { extent: columns, strides: columnStrides } = axes[column]!;
      const around = axes.slice(0, -1).filter((_, index) => index !== column);
      const count = writePlan(store.arena.words(), plan, around);
      const rowBytes = last.strides[0]! * 4;
      kernels.transposePlanes(from, rowBytes, to, columnStrides[1]! * 4, last.extent, columns, plan, count);
      return out;
    },

    oneHot(indices, depth) {
      const from = store.pointerTo('oneHot', indices);
      const out = store.make([...indices.shape, depth]);
      kernels.oneHot(from, out.storage.pointer, indices.storage.size, depth);
      return out;
    },

    gather(x, indices) {
      const rows = x.shape[0] ?? 0;
      for (const index of store.view('gather', indices)) {
        if (!(index >= 0 && index < rows)) {
          throw new RangeError(`gather: indices must be row numbers in [0, ${rows}), got ${index}.`);
        }
      }
      const rowShape = x.shape.slice(1);
      const from = store.pointerTo('gather', x);
      const picks = store.pointerTo('gather', indices);
      const out = store.make([...indices.shape, ...rowShape]);
      kernels.gather(from, picks, out.storage.pointer, indices.storage.size, sizeOf(rowShape) * 4);
      return out;
    },

    replaceRows(x, positions, replacement) {
      const from = store.pointerTo('replaceRows', x) / 4;
      const rows = store.pointerTo('replaceRows', replacement) / 4;
      const out = store.make(x.shape);
      const to = out.storage.pointer / 4;
      const width = sizeOf(x.shape.slice(1));
      const floats = store.arena.floats();
      floats.copyWithin(to, from, from + out.storage.size);
      for (let index = 0; index < positions.length; index++) {
        floats.copyWithin(to + positions[index]! * width, rows + index * width, rows + (index + 1) * width);
      }
      return out;
    },
  };
}
