/** Fused statistics of the similarities between sets of activations, alone and in their matrices. */
import type { FusedMetricKernel, KernelInputs } from '../../backend.ts';
import { cka } from '../../metrics/similarity/cka.ts';
import { ckaMatrix } from '../../metrics/similarity/ckaMatrix.ts';
import { type CkaSettings, usesGram } from '../../metrics/similarity/ckaOptions.ts';
import { crossProductSimilarity } from '../../metrics/similarity/crossProductSimilarity.ts';
import { pairMethods } from '../../metrics/similarity/pairSimilarity.ts';
import {
  type RepresentationalSimilarityOptions,
  representationalSimilarity,
} from '../../metrics/similarity/representationalSimilarity.ts';
import { similarityMatrix } from '../../metrics/similarity/similarityMatrix.ts';
import type { WebgpuTensor } from '../tensors.ts';
import type { KernelContext } from './context.ts';
import { crossProductKernel } from './crossProductKernel.ts';
import { gramKernel } from './gramKernel.ts';
import { extentsOf, type PairPlan, pairStatistics, twoSets } from './pairs.ts';
import { rowSimilarityKernel } from './rowSimilarityKernel.ts';

type T = WebgpuTensor;
type Statistics = (context: KernelContext, plan: PairPlan, inputs: KernelInputs<T>) => Readonly<Record<string, T>>;

const byCrossProducts: Statistics = (context, plan, inputs) =>
  pairStatistics(context, plan, inputs, crossProductKernel(context));

function byCka(settings: CkaSettings): Statistics {
  return (context, plan, inputs) => {
    const widthsOf = (names: readonly string[]) => names.map((name) => extentsOf(inputs[name]!)[1]);
    const [samples] = extentsOf(inputs[plan.x[0]!]!);
    return usesGram(settings, samples, { x: widthsOf(plan.x), y: widthsOf(plan.y) })
      ? pairStatistics(context, plan, inputs, gramKernel(context, settings))
      : byCrossProducts(context, plan, inputs);
  };
}

/** Over a whole batch; minibatches are the composite's. */
function byRows({ preset, batchSize }: RepresentationalSimilarityOptions): Statistics | undefined {
  if (preset === 'code' || batchSize !== undefined) return undefined;
  return (context, plan, inputs) => pairStatistics(context, plan, inputs, rowSimilarityKernel(context, preset));
}

/** A similarity's name and options, as matrices of similarities keep them. */
interface NamedSimilarity {
  readonly name: string;
}

/** The kernel of a similarity by its name; undefined where the composite serves. */
function statisticsOf(similarity: NamedSimilarity): Statistics | undefined {
  switch (similarity.name) {
    case 'cka':
      return byCka(similarity as unknown as CkaSettings);
    case 'representationalSimilarity':
      return byRows(similarity as NamedSimilarity & RepresentationalSimilarityOptions);
    case 'meanCca':
    case 'svcca':
    case 'procrustesDistance':
      return byCrossProducts;
    default:
      return undefined;
  }
}

interface MatrixOptions {
  readonly similarity: NamedSimilarity;
}

/** All of them. */
export function similarityKernels(context: KernelContext): readonly FusedMetricKernel<T>[] {
  /** A similarity alone. */
  const ofTwoSets = (name: string, factory: FusedMetricKernel<T>['implements']): FusedMetricKernel<T> => ({
    kind: 'metric',
    implements: factory,
    supports: (options) => statisticsOf({ ...options, name }) !== undefined,
    statistics: (options, inputs) => statisticsOf({ ...options, name })!(context, twoSets, inputs),
  });
  /** Each of many sets with every other. */
  const ofManySets = (
    factory: FusedMetricKernel<T>['implements'],
    namesOf: (options: object) => readonly string[],
  ): FusedMetricKernel<T> => ({
    kind: 'metric',
    implements: factory,
    supports: (options) => statisticsOf((options as MatrixOptions).similarity) !== undefined,
    statistics(options, inputs) {
      const names = namesOf(options);
      const plan = { x: names, y: names, symmetric: true };
      return statisticsOf((options as MatrixOptions).similarity)!(context, plan, inputs);
    },
  });
  return [
    ofTwoSets('cka', cka),
    // The correlations and the Procrustes distance; not imported by name, they would bring their decompositions along.
    {
      kind: 'metric',
      implements: crossProductSimilarity,
      statistics: (_options, inputs) => byCrossProducts(context, twoSets, inputs),
    },
    ofTwoSets('representationalSimilarity', representationalSimilarity),
    ofManySets(similarityMatrix, (options) => (options as { readonly models: readonly string[] }).models),
    // Training paths.
    ofManySets(pairMethods, (options) =>
      Object.values((options as { readonly models: Readonly<Record<string, readonly string[]>> }).models).flat(),
    ),
    {
      kind: 'metric',
      implements: ckaMatrix,
      statistics(options, inputs) {
        const { x, y, ...settings } = options as CkaSettings & Pick<PairPlan, 'x' | 'y'>;
        const symmetric = x.length === y.length && x.every((name, index) => name === y[index]);
        return byCka(settings)(context, { x, y, symmetric }, inputs);
      },
    },
  ];
}
