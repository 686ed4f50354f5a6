/** Reductions of the backend. */
import type { Backend, ReduceOptions, Shape } from '../backend.ts';
import { normaliseAxes, planReduction } from '../layout.ts';
import { sizeOf } from '../tensor.ts';
import type { Kernels, Pointer } from './assemblyExports.ts';
import type { TensorStore, WasmTensor } from './tensors.ts';

interface Regrouped {
  readonly pointer: Pointer;
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
  readonly shape: Shape;
}

/** Makes the reductions; `transpose` brings reduced axes together where they are not adjacent. */
export function reductionMembers(
  kernels: Kernels,
  store: TensorStore,
  transpose: Backend<WasmTensor>['transpose'],
): Pick<Backend<WasmTensor>, 'sum' | 'max' | 'argMax'> {
  function reduce(
    name: string,
    x: WasmTensor,
    { axis, keepDims = false }: ReduceOptions,
    compute: (groups: Regrouped) => WasmTensor,
  ): WasmTensor {
    const pointer = store.pointerTo(name, x, 'x');
    const { permutation, ...plan } = planReduction(
      x.shape,
      normaliseAxes(`wasmBackend.${name}`, axis, x.shape.length),
      keepDims,
    );
    if (permutation === undefined) return compute({ pointer, ...plan });
    return store.scope(() => compute({ pointer: transpose(x, permutation).storage.pointer, ...plan }));
  }

  return {
    sum: (x, options = {}) =>
      reduce('sum', x, options, ({ pointer, outer, reduced, inner, shape }) =>
        // The result comes last: where there is no memory for it, or for the scratch, nothing is left.
        store.withScratch(inner * 8, (scratch) => {
          const out = store.make(shape);
          kernels.sum(pointer, out.storage.pointer, outer, reduced, inner, scratch);
          return out;
        }),
      ),
    max: (x, options = {}) =>
      reduce('max', x, options, ({ pointer, outer, reduced, inner, shape }) => {
        const out = store.make(shape);
        kernels.maximum(pointer, out.storage.pointer, outer, reduced, inner);
        return out;
      }),
    argMax(x) {
      const pointer = store.pointerTo('argMax', x, 'x');
      const shape = x.shape.slice(0, -1);
      const out = store.make(shape);
      kernels.argMax(pointer, out.storage.pointer, sizeOf(shape), x.shape.at(-1) ?? 1);
      return out;
    },
  };
}
