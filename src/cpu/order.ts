/** Order and positions along the last axis, and rows written in parts. */
import type { Backend } from '../backend.ts';
import { checkLastAxis, checkScatter, checkTake, watchRows } from '../memberArguments.ts';
import { argSortOnHost } from '../ops/argSort.ts';
import { type HostTensor, sizeOf } from '../tensor.ts';

type Member = 'argSort' | 'takeAlong' | 'scatterAlong' | 'rowsInParts';

/** Makes the members; `allocate` makes zeros. */
export function orderMembers(
  allocate: (size: number) => Float32Array | Float64Array,
): Required<Pick<Backend<HostTensor>, Member>> {
  return {
    argSort(x) {
      checkLastAxis('cpuBackend.argSort', 'x', x.shape);
      return argSortOnHost(x);
    },

    takeAlong(x, indices) {
      checkTake('cpuBackend.takeAlong', x.shape, indices.shape);
      const count = x.shape.at(-1)!;
      const picks = indices.shape.at(-1)!;
      const data = allocate(indices.data.length);
      for (let place = 0; place < data.length; place++) {
        const index = indices.data[place]!;
        if (isPlace(index, count)) data[place] = x.data[Math.floor(place / picks) * count + index]!;
      }
      return { data, shape: indices.shape };
    },

    scatterAlong(indices, updates, size) {
      checkScatter('cpuBackend.scatterAlong', indices.shape, updates.shape, size);
      const picks = indices.shape.at(-1)!;
      const shape = [...indices.shape.slice(0, -1), size];
      const data = allocate(sizeOf(shape));
      for (let place = 0; place < indices.data.length; place++) {
        const index = indices.data[place]!;
        if (isPlace(index, size)) data[Math.floor(place / picks) * size + index]! += updates.data[place]!;
      }
      return { data, shape };
    },

    rowsInParts(shape) {
      const watch = watchRows('cpuBackend.rowsInParts', shape);
      const data = allocate(sizeOf(shape));
      let start = 0;
      return {
        write(rows) {
          watch.add(rows.shape);
          data.set(rows.data, start);
          start += rows.data.length;
        },
        finish() {
          watch.complete();
          return { data, shape: [...shape] };
        },
      };
    },
  };
}

/** Whether an index names one of `count` places. */
function isPlace(index: number, count: number): boolean {
  return index >= 0 && index < count && Number.isInteger(index);
}
