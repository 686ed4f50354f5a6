/** What the kernels of row-wise losses share: weights and divisor of the rows, and the passage from forward to backward. */
import type { Backend, FusedLossKernel, KernelInputs } from '../../backend.ts';
import { hasPlainLogits } from '../../logitPairLoss.ts';
import { sizeOf } from '../../tensor.ts';
import type { Kernels, Pointer } from '../assemblyExports.ts';
import type { TensorStore, WasmTensor } from '../tensors.ts';
import { type KernelName, rangesOver, type Threads } from '../threads.ts';

/** What a file of fused kernels needs of its backend. */
export interface KernelHost {
  readonly kernels: Kernels;
  readonly store: TensorStore;
  readonly threads: Threads;
  /** The backend without its fused kernels, for the parts that a kernel leaves to the composite. */
  readonly backend: Backend<WasmTensor>;
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

/** Where one pass over some rows of logits puts its results; null pointers are 0. */
export interface RowPass extends RowWeights {
  readonly rows: number;
  readonly classes: number;
  readonly values: Pointer;
  readonly gradient: Pointer;
  /** Room for two rows. */
  readonly scratch: Pointer;
  /** Where the pass's rows begin in a tensor of the logits' shape. */
  ofLogits(tensor: WasmTensor | undefined): Pointer;
  /** Where they begin in a tensor with one number a row. */
  ofRows(tensor: WasmTensor | undefined): Pointer;
}

/** Elements of logits below which a part of its own costs more than it brings. */
const leastElements = 2 ** 15;

/**
 * Makes the kernel of a loss over rows of logits whose only gradient is that of `studentLogits`.
 *
 * @param kernel The assembly's kernel, which returns the sum of its rows' values.
 * @param argumentsOf Its arguments for a pass.
 */
export function rowLossKernel<Options extends RowSettings>(
  host: KernelHost,
  name: string,
  implemented: (...options: never[]) => unknown,
  kernel: KernelName | ((options: Options) => KernelName),
  argumentsOf: (options: Options, inputs: KernelInputs<WasmTensor>, pass: RowPass) => readonly number[],
): FusedLossKernel<WasmTensor> {
  const { store, threads } = host;

  function compute(options: Options, inputs: KernelInputs<WasmTensor>, differentiate: boolean) {
    const { shape } = inputs.studentLogits!;
    const rowShape = shape.slice(0, -1);
    const rows = sizeOf(rowShape);
    const classes = shape.at(-1)!;
    const gradient = differentiate ? store.make(shape) : undefined;
    const perRow = options.reduction === 'none' ? store.make(rowShape) : undefined;
    const ranges = rangesOver(threads, rows, rows * classes, leastElements);
    const pointerOf = (tensor: WasmTensor | undefined): Pointer =>
      tensor === undefined ? 0 : store.pointerTo(name, tensor);
    const offset = (pointer: Pointer, elements: number): Pointer => (pointer === 0 ? 0 : pointer + elements * 4);
    const total = withRowWeights(host, name, options, inputs, rows, ({ weights, scale }) =>
      store.withScratch(ranges.length * classes * 8, (scratch) => {
        const argumentLists = ranges.map(({ start, size }, index) =>
          argumentsOf(options, inputs, {
            weights: offset(weights, start),
            scale,
            rows: size,
            classes,
            values: offset(pointerOf(perRow), start),
            gradient: offset(pointerOf(gradient), start * classes),
            scratch: scratch + index * classes * 8,
            ofLogits: (tensor) => offset(pointerOf(tensor), start * classes),
            ofRows: (tensor) => offset(pointerOf(tensor), start),
          }),
        );
        const called = typeof kernel === 'function' ? kernel(options) : kernel;
        return threads.run(called, argumentLists).reduce((sum, part) => sum + part, 0);
      }),
    );
    return { value: perRow ?? valueTensor(store, total), gradient };
  }

  return {
    kind: 'loss',
    implements: implemented,
    supports: hasPlainLogits,
    forward(options, inputs) {
      const { value, gradient } = compute(options as Options, inputs, true);
      return { value, residuals: { gradient } };
    },
    backward: (_, { gradient }, upstream) => [timesUpstream(host, gradient as WasmTensor, upstream)],
    evaluate: (options, inputs) => compute(options as Options, inputs, false).value,
  };
}
