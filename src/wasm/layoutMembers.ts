/** Members of the backend that move elements: reshape, transpose, oneHot, gather, replaceRows. */
import type { Backend } from '../backend.ts';
import { shapeError } from '../check.ts';
import { mergeAxes } from '../layout.ts';
import { checkDepth, checkReplacement, checkReshape, checkRowNumbers, permutationOf } from '../memberArguments.ts';
import { stridesOf } from '../shape.ts';
import { sizeOf } from '../tensor.ts';
import type { Kernels, Pointer } from './assemblyExports.ts';
import type { TensorStore, WasmTensor } from './tensors.ts';
import { writePlan } from './walk.ts';

/** Makes the members. `plan` is a block of `planBytes`. */
export function layoutMembers(
  kernels: Kernels,
  store: TensorStore,
  plan: Pointer,
): Required<Pick<Backend<WasmTensor>, 'reshape' | 'transpose' | 'oneHot' | 'gather' | 'replaceRows'>> {
  return {
    reshape(x, shape) {
      store.check('reshape', x, 'x');
      checkReshape('wasmBackend.reshape', x.shape, shape);
      return store.share(x, [...shape]);
    },

    transpose(x, permutation) {
      const from = store.pointerTo('transpose', x, 'x');
      const order = permutationOf('wasmBackend.transpose', x.shape.length, permutation);
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
      const from = store.pointerTo('oneHot', indices, 'indices');
      checkDepth('wasmBackend.oneHot', depth);
      const out = store.make([...indices.shape, depth]);
      kernels.oneHot(from, out.storage.pointer, indices.storage.size, depth);
      return out;
    },

    gather(x, indices) {
      const from = store.pointerTo('gather', x, 'x');
      const [rows, ...rowShape] = x.shape;
      if (rows === undefined) throw shapeError('wasmBackend.gather', 'x', 'of shape [rows, ...]', x.shape);
      checkRowNumbers('wasmBackend.gather', rows, store.view('gather', indices, 'indices'));
      const picks = store.pointerTo('gather', indices, 'indices');
      const out = store.make([...indices.shape, ...rowShape]);
      kernels.gather(from, picks, out.storage.pointer, indices.storage.size, sizeOf(rowShape) * 4);
      return out;
    },

    replaceRows(x, positions, replacement) {
      const from = store.pointerTo('replaceRows', x, 'x') / 4;
      const rows = store.pointerTo('replaceRows', replacement, 'replacement') / 4;
      checkReplacement('wasmBackend.replaceRows', x.shape, positions, replacement.shape);
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
