/** Order and positions along the last axis, and rows written in parts. */
import type { Backend, Shape } from '../backend.ts';
import { checkLastAxis, checkScatter, checkTake, watchRows } from '../memberArguments.ts';
import { sizeOf } from '../tensor.ts';
import type { Kernels } from './assemblyExports.ts';
import type { TensorStore, WasmTensor } from './tensors.ts';

type Member = 'argSort' | 'takeAlong' | 'scatterAlong' | 'rowsInParts';

/** Makes the members. */
export function orderMembers(kernels: Kernels, store: TensorStore): Required<Pick<Backend<WasmTensor>, Member>> {
  return {
    argSort(x) {
      const from = store.pointerTo('argSort', x, 'x');
      checkLastAxis('wasmBackend.argSort', 'x', x.shape);
      const count = x.shape.at(-1) ?? 1;
      return store.withScratch(kernels.orderScratchBytes(count) >>> 0, (scratch) => {
        const out = store.make(x.shape);
        kernels.argSort(from, out.storage.pointer, count === 0 ? 0 : out.storage.size / count, count, scratch);
        return out;
      });
    },

    takeAlong(x, indices) {
      const from = store.pointerTo('takeAlong', x, 'x');
      const picks = store.pointerTo('takeAlong', indices, 'indices');
      checkTake('wasmBackend.takeAlong', x.shape, indices.shape);
      const leading = indices.shape.slice(0, -1);
      const out = store.make(indices.shape);
      kernels.takeAlong(from, picks, out.storage.pointer, sizeOf(leading), x.shape.at(-1)!, indices.shape.at(-1)!);
      return out;
    },

    scatterAlong(indices, updates, size) {
      const picks = store.pointerTo('scatterAlong', indices, 'indices');
      const from = store.pointerTo('scatterAlong', updates, 'updates');
      checkScatter('wasmBackend.scatterAlong', indices.shape, updates.shape, size);
      const leading = indices.shape.slice(0, -1);
      const out = store.make([...leading, size]);
      kernels.scatterAlong(picks, from, out.storage.pointer, sizeOf(leading), size, indices.shape.at(-1)!);
      return out;
    },

    rowsInParts(shape) {
      const { made, write, complete } = openRows(store, shape);
      return {
        write,
        finish() {
          complete();
          return made;
        },
      };
    },
  };
}

/** A tensor whose rows are written in parts: it is there from the start, so that a scope around its parts owns it. */
export function openRows(
  store: TensorStore,
  shape: Shape,
): { readonly made: WasmTensor; write(rows: WasmTensor): void; complete(): void } {
  const watch = watchRows('wasmBackend.rowsInParts', shape);
  const made = store.make([...shape]);
  let to = made.storage.pointer / 4;
  return {
    made,
    write(rows) {
      const from = store.pointerTo('rowsInParts', rows, 'rows') / 4;
      // A scope may have ended since, and freed what is written to.
      store.check('rowsInParts', made, 'the tensor that is written');
      watch.add(rows.shape);
      store.arena.floats().copyWithin(to, from, from + rows.storage.size);
      to += rows.storage.size;
    },
    complete: watch.complete,
  };
}
