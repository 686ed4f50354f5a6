/** Kernels by hand on a backend that records: their inputs are computed first, their results become tensors of it. */
import type {
  Backend,
  FusedKernel,
  FusedLossKernel,
  FusedMetricKernel,
  KernelInputs,
  KernelRepresentation,
  Residuals,
} from '../backend.ts';
import type { RecordedTensor, Recorder } from './record.ts';

/** What a kernel of pairs is given. */
type RelatedPairs<T> = readonly (readonly [KernelRepresentation<T, unknown>, KernelRepresentation<T, unknown>])[];

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
    if (kernel.kind === 'pairs') {
      const { kind, implements: form, supports } = kernel;
      return {
        kind,
        implements: form,
        ...(supports && { supports }),
        represent: (activations, settings) =>
          run(activations as unknown as Stored, (placed) => kernel.represent(placed, settings)) as never,
        relate: (pairs, settings) =>
          run(pairs as unknown as RelatedPairs<Stored>, (placed) => kernel.relate(placed, settings)) as never,
      };
    }
    const frame = { ...kernel } as unknown as FusedLossKernel<Tensor> | FusedMetricKernel<Tensor>;
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

/** A copy of a tree of records and arrays with its tensors replaced; what occurs twice in it is one object in the copy too. */
export function mapTree<From>(
  tree: unknown,
  isTensor: (value: unknown) => value is From,
  change: (tensor: From) => unknown,
  copies: Map<object, unknown> = new Map(),
): unknown {
  if (isTensor(tree)) return change(tree);
  if (typeof tree !== 'object' || tree === null || ArrayBuffer.isView(tree)) return tree;
  const known = copies.get(tree);
  if (known !== undefined) return known;
  const copyOf = (entry: unknown): unknown => mapTree(entry, isTensor, change, copies);
  const copy = Array.isArray(tree)
    ? tree.map(copyOf)
    : Object.fromEntries(Object.entries(tree).map(([name, entry]) => [name, copyOf(entry)]));
  copies.set(tree, copy);
  return copy;
}
