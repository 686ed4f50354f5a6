/** What kernels by hand share: what they run on, weights and divisor of rows, and the passage from forward to backward. */
import type { Backend, KernelInputs } from '../../backend.ts';
import type { Kernels, Pointer } from '../assemblyExports.ts';
import type { TensorStore, WasmTensor } from '../tensors.ts';
import type { AddedModule, Threads } from '../threads.ts';

/** What a file of fused kernels needs of its backend. */
export interface KernelHost {
  readonly kernels: Kernels;
  readonly store: TensorStore;
  readonly threads: Threads;
  /** The backend without its fused kernels, for the parts that a kernel leaves to the composite. */
  readonly backend: Backend<WasmTensor>;
  /** Starts a module that lies in the library as text, on the backend's memory and all of its threads. */
  readonly start: (text: string) => AddedModule;
}

/** The options that every loss over rows has, as its factory completes them. */
export interface RowSettings {
  readonly reduction: 'mean' | 'sum' | 'none';
  readonly ignoreIndex?: number | null;
  readonly normalizer?: number | undefined;
}

/** How an assembly kernel is to weigh its rows. */
export interface RowWeights {
  /** One weight a row, or 0 where all count alike. */
  readonly weights: Pointer;
  /** Multiplies every weight. */
  readonly scale: number;
}

/** Works out weights and divisor by the contract of `ops/rowReduction.ts`, in a block freed when `use` returns. */
export function withRowWeights<Result>(
  { store }: KernelHost,
  name: string,
  { reduction, ignoreIndex, normalizer }: RowSettings,
  { labels, rowWeights }: KernelInputs<WasmTensor>,
  rows: number,
  use: (rowWeights: RowWeights) => Result,
): Result {
  const given = rowWeights === undefined ? 0 : store.pointerTo(name, rowWeights);
  const masked = ignoreIndex !== null && ignoreIndex !== undefined && labels !== undefined;
  if (given === 0 && !masked) {
    return use({ weights: 0, scale: reduction === 'mean' ? 1 / (normalizer ?? rows) : 1 });
  }
  const labelPointer = masked ? store.pointerTo(name, labels) : 0;
  return store.withScratch(rows * 4, (weights) => {
    const floats = store.arena.floats();
    let total = 0;
    for (let row = 0; row < rows; row++) {
      const counts = !masked || Math.abs(floats[labelPointer / 4 + row]! - ignoreIndex) > 0;
      const weight = counts ? (given === 0 ? 1 : floats[given / 4 + row]!) : 0;
      floats[weights / 4 + row] = weight;
      total += weight;
    }
    // Without a row that counts every weight is 0, and any divisor gives 0.
    return use({ weights, scale: reduction === 'mean' ? 1 / (normalizer ?? (total || 1)) : 1 });
  });
}

/** A float64 scalar: the value of a loss keeps its digits until it is read. */
export function valueTensor(store: TensorStore, value: number): WasmTensor {
  const tensor = store.make([], 'float64');
  store.doublesOf(tensor)[0] = value;
  return tensor;
}

/** A gradient made for an upstream of 1, times the real one: the same numbers where that is 1 throughout. */
export function timesUpstream({ store, backend }: KernelHost, gradient: WasmTensor, upstream: WasmTensor): WasmTensor {
  const factors = store.view('backward', upstream);
  if (factors.every((factor) => factor === 1)) return store.share(gradient, gradient.shape);
  if (upstream.shape.length === 0) return backend.multiply(gradient, upstream);
  const column = store.share(upstream, [...upstream.shape, 1]);
  const product = backend.multiply(gradient, column);
  store.dispose(column);
  return product;
}
