/** Kernels by hand on a backend that records: their inputs are computed first, their results become tensors of it. */
import type { Backend, FusedKernel, KernelInputs, Residuals } from '../backend.ts';
import type { RecordedTensor, Recorder } from './record.ts';

/** The same kernels on recorded tensors. */
export function recordedKernels<Stored>(
  base: Backend<Stored>,
  recorder: Recorder<Stored>,
  kernels: readonly FusedKernel<Stored>[],
): readonly FusedKernel<RecordedTensor<Stored>>[] {
  type Tensor = RecordedTensor<Stored>;

  /** Runs a kernel on a tree of recorded tensors; a tensor that it only passes on keeps its owner. */
  function run<Given, Result>(given: Given, compute: (given: Given) => Result): Result {
    const tensors: Tensor[] = [];
    mapTree(given, recorder.isTensor, (tensor) => tensors.push(tensor));
    recorder.flush(tensors);
    const known = new Map<Stored, Tensor>();
    const made = new Map<Stored, Tensor>();
    const placed = mapTree(given, recorder.isTensor, (tensor) => {
      const stored = recorder.storedOf('kernel', tensor);
      known.set(stored, tensor);
      return stored;
    });
    const results = base.scope(() => compute(placed as Given));
    return mapTree(results, base.isTensor, (stored) => {
      const twice = made.get(stored);
      if (twice !== undefined) return twice;
      const owner = known.get(stored);
      const wrapped = recorder.wrap(owner === undefined ? stored : base.reshape(stored, owner.shape));
      if (owner === undefined) made.set(stored, wrapped);
      return wrapped;
    }) as Result;
  }

  type Given = KernelInputs<Stored>;
  return kernels.map((kernel) => {
    const frame = { ...kernel } as unknown as FusedKernel<Tensor>;
    if (kernel.kind === 'metric') {
      return {
        ...frame,
        kind: 'metric',
        statistics: (options, inputs) =>
          run(inputs as unknown as Given, (placed) => kernel.statistics(options, placed)) as never,
      };
    }
    const { evaluate } = kernel;
    return {
      ...frame,
      kind: 'loss',
      forward: (options, inputs) =>
        run(inputs as unknown as Given, (placed) => kernel.forward(options, placed)) as never,
      backward: (options, residuals, upstream) =>
        run([residuals, upstream] as unknown as [Residuals<Stored>, Stored], ([placed, factor]) =>
          kernel.backward(options, placed, factor),
        ) as never,
      ...(evaluate && {
        evaluate: (options: object, inputs: KernelInputs<Tensor>) =>
          run(inputs as unknown as Given, (placed) => evaluate(options, placed)) as never,
      }),
    };
  });
}

/** A copy of a tree of records and arrays with its tensors replaced. */
function mapTree<From>(
  tree: unknown,
  isTensor: (value: unknown) => value is From,
  change: (tensor: From) => unknown,
): unknown {
  if (isTensor(tree)) return change(tree);
  if (Array.isArray(tree)) return tree.map((entry) => mapTree(entry, isTensor, change));
  if (typeof tree !== 'object' || tree === null || ArrayBuffer.isView(tree)) return tree;
  return Object.fromEntries(Object.entries(tree).map(([name, entry]) => [name, mapTree(entry, isTensor, change)]));
}
