/** Kernels by hand on a backend that records: their inputs are computed first, their results become tensors of it. */
import type { Backend, FusedKernel } from '../backend.ts';
import type { RecordedTensor, Recorder } from './recorder.ts';

/** The methods of kernels of any kind that take tensors, in trees, and give some. */
const computing = ['forward', 'backward', 'evaluate', 'statistics', 'represent', 'relate'];

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

  return kernels.map((kernel) => {
    const own = kernel as unknown as Readonly<Record<string, (...given: readonly unknown[]) => unknown>>;
    const recorded = computing
      .filter((name) => own[name] !== undefined)
      .map((name) => [name, (...given: readonly unknown[]) => run(given, (placed) => own[name]!(...placed))]);
    return { ...kernel, ...Object.fromEntries(recorded) } as FusedKernel<Tensor>;
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
