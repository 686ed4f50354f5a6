/** A metric of sets of activations, from what the similarity of two of them consists of. */
import type { Backend } from '../../backend.ts';
import { rangeError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import type { HostStatistics } from '../../metricState.ts';
import { type Activations, checkExtents, faultOf, statisticsOn } from './pairOnDevice.ts';
import { planPairs } from './pairPlan.ts';
import type { PairSimilarity, SetStatistics, SimilarityMetric } from './pairSimilarity.ts';
import { checkFactors, formOf, mergedStates, partsOf, stateFormOf } from './pairState.ts';

/** The cells of a matrix of similarities, and the samples they rest on. */
export interface SimilarityCells<Result> {
  readonly cells: readonly (readonly Result[])[];
  readonly samples: number;
}

/** What the frame makes of a metric. */
type Methods<Name extends string, Final> = Pick<
  Metric<Name, string, Final>,
  'check' | 'statistics' | 'faults' | 'state' | 'merge' | 'finish'
>;

/** The methods of a metric that compares every set of `x` with every one of `y`, each set and each pair once. */
export function pairMethods<Name extends string, Result, Final>(
  similarity: PairSimilarity<Result>,
  name: string,
  x: readonly Name[],
  y: readonly Name[],
  assemble: (result: SimilarityCells<Result>) => Final,
): Methods<Name, Final> {
  const plan = planPairs(x, y);
  const { forms, leastSamples } = similarity;
  const extentsOf = <T>(backend: Backend<T>, batch: Activations<T>) => checkExtents(backend, name, plan, x, y, batch);

  return {
    check<T>(backend: Backend<T>, batch: Activations<T>) {
      const extents = extentsOf(backend, batch);
      if (extents.samples < leastSamples) {
        throw rangeError(name, 'number of samples', `at least ${leastSamples} a batch`, extents.samples);
      }
      similarity.choose?.(extents);
    },

    statistics<T>(backend: Backend<T>, batch: Activations<T>) {
      return statisticsOn(backend, similarity, plan, extentsOf(backend, batch), batch);
    },

    faults: Object.fromEntries(
      plan.sets.map(({ input }) => [
        faultOf(input),
        { argument: input, expected: 'finite', counted: 'of NaN or ±Infinity' },
      ]),
    ),

    state: forms.map((form) => stateFormOf(form, plan, similarity.keeps !== undefined)),

    merge: (first, second) => mergedStates(name, similarity, plan, first, second),

    finish(statistics: HostStatistics<string>) {
      checkFactors(name, plan, statistics);
      const form = formOf(similarity, plan, statistics);
      const parts = partsOf(form, statistics);
      const samples = statistics.samples!.data[0]!;
      const sets = new Map(
        plan.sets.map((set): [typeof set, SetStatistics] => {
          const own = parts.set(set);
          // Of activations that are all 0 every unit is as good.
          const known = { ...own, unit: Number.isFinite(own.unit) ? own.unit : 1 };
          return [set, { ...known, summary: similarity.summarize?.(known, form) }];
        }),
      );
      const results = new Map(
        plan.pairs.map((pair) => {
          const [first, second] = [sets.get(pair.x)!, sets.get(pair.y)!];
          return [pair, similarity.finish({ samples, form, x: first, y: second, xy: parts.pair(pair) })];
        }),
      );
      const mirror = similarity.mirror ?? ((result: Result) => result);
      return assemble({
        cells: plan.cells.map((row) =>
          row.map(({ pair, mirrored }) => (mirrored ? mirror(results.get(pair)!) : results.get(pair)!)),
        ),
        samples,
      });
    },
  };
}

/** The methods of a metric of two sets of activations, `x` and `y`. */
export function twoSetMethods<Result>(
  similarity: PairSimilarity<Result>,
): Pick<SimilarityMetric<Result>, 'inputs' | 'optionalInputs' | 'pairs'> & Methods<'x' | 'y', Result> {
  return {
    inputs: ['x', 'y'],
    optionalInputs: [],
    pairs: similarity,
    ...pairMethods<'x' | 'y', Result, Result>(similarity, similarity.name, ['x'], ['y'], ({ cells }) => cells[0]![0]!),
  };
}
