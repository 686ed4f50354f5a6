/** Order and positions along the last axis, and rows written in parts. */
import type { Backend } from '../backend.ts';
import { checkSameShape } from '../check.ts';
import { argSortOnHost } from '../ops/argSort.ts';
import { type HostTensor, sizeOf } from '../tensor.ts';

type Member = 'argSort' | 'takeAlong' | 'scatterAlong' | 'rowsInParts';

/** Makes the members; `allocate` makes zeros. */
export function orderMembers(
  allocate: (size: number) => Float32Array | Float64Array,
): Required<Pick<Backend<HostTensor>, Member>> {
  return {
    argSort: argSortOnHost,

    takeAlong(x, indices) {
      const leading = indices.shape.slice(0, -1);
      checkSameShape('takeAlong', 'leading axes', leading, 'those of x', x.shape.slice(0, -1));
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
      checkSameShape('scatterAlong', 'updates', updates.shape, 'indices', indices.shape);
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
      const data = allocate(sizeOf(shape));
      let start = 0;
      return {
        write(rows) {
          data.set(rows.data, start);
          start += rows.data.length;
        },
        finish: () => ({ data, shape }),
      };
    },
  };
}

/** Whether an index names one of `count` places. */
function isPlace(index: number, count: number): boolean {
  return index >= 0 && index < count && Number.isInteger(index);
}
