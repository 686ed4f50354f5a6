/** The statistics of a plan on a backend: each set brought near 1 and represented, each pair related, a scope around each. */
import type { Backend, FusedPairKernel, KernelRepresentation } from '../../backend.ts';
import { shapeError } from '../../check.ts';
import { temperedAndCounted } from '../../ops/unitFactor.ts';
import { sizeOf } from '../../tensor.ts';
import { withHostProducts } from './hostProducts.ts';
import { type PairPlan, type PlannedSet, prefixed, relatedPairs } from './pairPlan.ts';
import { type Extents, formFor, type PairForm, type PairSimilarity } from './pairSimilarity.ts';

/** Activations by the names of inputs. */
export type Activations<T> = Readonly<Record<string, T>>;

/** The name under which a set's NaNs and infinities are counted. */
export const faultOf = (input: string): string => `invalid ${input}`;

/** Requires [n, …] with at least one element, and as many samples everywhere; returns the extents. */
export function checkExtents<T>(
  backend: Backend<T>,
  where: string,
  { sets }: PairPlan,
  x: readonly string[],
  y: readonly string[],
  batch: Activations<T>,
): Extents {
  const shapes = new Map(sets.map(({ input }) => [input, backend.shapeOf(batch[input]!)]));
  const [[first, [samples = 0]]] = [...shapes] as [[string, readonly number[]]];
  for (const [input, shape] of shapes) {
    if (shape.length === 0 || shape.includes(0)) {
      throw shapeError(where, input, 'of shape [n, features] with at least one element', shape);
    }
    if (shape[0] !== samples) throw shapeError(where, input, `of as many samples as ${first}, ${samples}`, shape);
  }
  const widthsOf = (names: readonly string[]) => names.map((input) => sizeOf(shapes.get(input)!.slice(1)));
  return { samples, x: widthsOf(x), y: widthsOf(y) };
}

/** A backend's kernel for a form, where it has one for these settings. */
export function pairKernelFor<T>(
  backend: Backend<T>,
  form: PairForm,
  settings: object,
): FusedPairKernel<T> | undefined {
  const mark = form.markOf?.(form);
  return backend.fusedKernels?.find(
    (kernel): kernel is FusedPairKernel<T> =>
      kernel.kind === 'pairs' && kernel.implements === mark && (kernel.supports?.(settings) ?? true),
  );
}

/** How sets are represented and pairs related on a backend. */
interface Means<T, Working> {
  represent(activations: T): KernelRepresentation<T, Working>;
  relate(
    pairs: readonly (readonly [KernelRepresentation<T, Working>, KernelRepresentation<T, Working>])[],
  ): readonly Readonly<Record<string, T>>[];
}

/** A plan's statistics under the names that `pairPlan` gives them, and the faults of each set. */
export function statisticsOn<T>(
  given: Backend<T>,
  similarity: PairSimilarity<unknown>,
  plan: PairPlan,
  extents: Extents,
  batch: Activations<T>,
): Readonly<Record<string, T | number>> {
  const { settings } = similarity;
  const backend = withHostProducts(given);
  const form = formFor(similarity, extents);
  const kernel = pairKernelFor(backend, form, settings);

  function keptOf(samples: T): Readonly<Record<string, T>> {
    if (similarity.keeps === undefined) return {};
    if (similarity.keeps(extents)) return { kept: samples };
    return { kept: backend.fromHost({ data: new Float32Array(0), shape: [0, backend.shapeOf(samples)[1]!] }) };
  }

  function statisticsBy<Working>(means: Means<T, Working>): Readonly<Record<string, T | number>> {
    const found: Record<string, T | number> = { samples: extents.samples };
    const represented = new Map<PlannedSet, KernelRepresentation<T, Working>>();
    for (const set of plan.sets) {
      const { factor, invalid, representation, kept } = backend.scope(() => {
        const activations = batch[set.input]!;
        const flat = backend.reshape(activations, [extents.samples, sizeOf(backend.shapeOf(activations).slice(1))]);
        const { numbers, factor, invalid } = temperedAndCounted(backend, flat);
        return { factor, invalid, representation: means.represent(numbers), kept: keptOf(numbers) };
      });
      represented.set(set, representation);
      found[faultOf(set.input)] = invalid;
      Object.assign(found, prefixed(set.key, { ...representation.statistics, ...kept, factor }));
    }
    const pairs = relatedPairs(form, plan);
    const related = means.relate(pairs.map(({ x, y }) => [represented.get(x)!, represented.get(y)!]));
    pairs.forEach(({ key }, index) => {
      Object.assign(found, prefixed(key, related[index]!));
    });
    return found;
  }

  if (kernel === undefined) {
    return statisticsBy<Readonly<Record<string, T>>>({
      represent(activations) {
        const made = form.represent(backend, activations, settings);
        // What is put off would hold on to all that it is made from.
        backend.settle?.([...Object.values(made.statistics), ...Object.values(made.working)]);
        return made;
      },
      relate: (pairs) =>
        pairs.map(([x, y]) =>
          backend.scope(() => {
            const made = form.relate(backend, x, y, settings);
            backend.settle?.(Object.values(made));
            return made;
          }),
        ),
    });
  }
  return statisticsBy({
    represent: (activations) => kernel.represent(activations, settings),
    relate: (pairs) => kernel.relate(pairs, settings),
  });
}
