/** The plan of what a function records, for tests that look at it. */
import type { Backend, HostTensor } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { fusedMembers } from '../../src/fusion/fused.ts';
import { type Plan, planGraph } from '../../src/fusion/plan.ts';
import { makeRecorder } from '../../src/fusion/record.ts';
import type { RecordedTensor } from '../../src/fusion/recorder.ts';

type Tensor = RecordedTensor<ReturnType<ReturnType<typeof cpuBackend>['scalar']>>;

/** Records a function of some tensors in a scope; the plan of its results. */
export function planOf(
  shapes: readonly (readonly number[])[],
  compute: (backend: Backend<Tensor>, tensors: readonly Tensor[]) => Tensor | readonly Tensor[],
): Plan {
  const base = cpuBackend();
  const plans: Plan[] = [];
  const recorder = makeRecorder({ backend: 'planOf' }, base, (graph) => {
    plans.push(planGraph(graph));
    return undefined;
  });
  const backend = fusedMembers('planOf', base, recorder);
  const inputs = shapes.map((shape): HostTensor => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    return { shape, data: Float32Array.from({ length: size }, (_, at) => Math.sin(at + 1)) };
  });
  const tensors = inputs.map((input) => backend.fromHost(input));
  backend.scope(() => compute(backend, tensors));
  if (plans.length !== 1) throw new Error(`planOf: one flush was expected, got ${plans.length}.`);
  return plans[0]!;
}

/** The operations of a plan's values, without leaves and constants. */
export function operationsOf({ values }: Plan): readonly string[] {
  return values
    .map(({ operation }) => operation)
    .filter((operation) => operation !== 'leaf' && operation !== 'constant');
}

/** How many times the rows of each phase are walked from end to end. */
export function walksOf({ phases }: Plan): readonly number[] {
  return phases.map(({ stages }) => stages.length);
}
