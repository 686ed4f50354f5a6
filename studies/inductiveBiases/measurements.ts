/** What is measured of the models, by this library alone. */
import * as tf from '@tensorflow/tfjs-core';
import {
  accuracy,
  calibrationError,
  dissimilarity,
  errorOverlap,
  type HostTensor,
  measure,
  multidimensionalScaling,
  representationalSimilarity,
  similarityMatrix,
  tensor,
  trainingPath,
} from 'dark-knowledge';
import { barrierBetween } from '../../examples/mnist/barriers.ts';
import type { Dataset, TestSets } from '../../examples/mnist/data.ts';
import { createPlain, type NetworkSizes } from '../models/learners.ts';
import {
  type BarrierName,
  type GroupName,
  type Measured,
  type SetName,
  setNames,
  type TrainedModel,
  type TrialBarriers,
  type TrialPaths,
} from './groups.ts';

export type Maps = Readonly<Record<SetName, ReturnType<typeof mapOf>>>;

/** The paper's similarity: of the dot products as they are, so that features that are never negative are all alike. */
const similarity = () => representationalSimilarity({ preset: 'paper' });

/** A map of all models for each test set, by their features of its first images. */
export function mapsOf(trained: readonly TrainedModel[], images: number): Maps {
  const of = (set: SetName) => mapOf(trained, set, images);
  return { mnist: of('mnist'), scaled: of('scaled'), translated: of('translated') };
}

function mapOf(trained: readonly TrainedModel[], set: SetName, images: number) {
  const names = trained.map(nameOf);
  const features = Object.fromEntries(
    trained.map((model) => [nameOf(model), firstRows(model.outputs[set].features, images)]),
  );
  const { value } = measure(similarityMatrix({ models: names, similarity: similarity() }), features);
  const centred = similarityMatrix({ models: names, similarity: representationalSimilarity({ preset: 'centered' }) });
  return {
    similarity: value,
    centred: measure(centred, features).value,
    map: { ...multidimensionalScaling(dissimilarity(value)), names, groups: trained.map(({ group }) => group) },
  };
}

/** The first rows of activations. */
function firstRows({ data, shape }: HostTensor, wanted: number): HostTensor {
  const [rows, width] = shape as [number, number];
  const kept = Math.min(rows, wanted);
  return tensor((data as Float32Array).subarray(0, kept * width), [kept, width]);
}

export const nameOf = ({ group, trial }: Pick<TrainedModel, 'group' | 'trial'>): string => `${group} ${trial + 1}`;

export function measurementsOf(trained: readonly TrainedModel[], testSets: TestSets, maps: Maps): readonly Measured[] {
  const cnns = trained.flatMap(({ group }, at) => (group === 'CNN' ? [at] : []));
  return setNames.flatMap((set) => {
    const { labels } = testSets[set];
    return trained.map((model, at): Measured => {
      const { logits } = model.outputs[set];
      const toCnns = (similarities: readonly (readonly number[])[]): number => {
        const others = cnns.filter((cnn) => cnn !== at).map((cnn) => similarities[at]![cnn]!);
        return others.reduce((sum, value) => sum + value, 0) / others.length;
      };
      return {
        group: model.group,
        trial: model.trial,
        set,
        accuracy: measure(accuracy(), { logits, labels }).value,
        calibrationError: measure(calibrationError({ bins: 15 }), { logits, labels }).value,
        similarityToCnns: toCnns(maps[set].similarity),
        centredSimilarityToCnns: toCnns(maps[set].centred),
        sharedErrors:
          model === trained[0]
            ? null
            : overlapOf({ teacher: trained[0]!, student: model }, set, testSets).pairs[0]!.jaccard,
      };
    });
  });
}

/** Which images of a set which of the models get wrong. */
export function overlapOf<Name extends string>(
  models: Readonly<Record<Name, TrainedModel>>,
  set: SetName,
  testSets: TestSets,
) {
  const names = Object.keys(models) as Name[];
  const logits = Object.fromEntries(names.map((name) => [name, models[name].outputs[set].logits]));
  return measure(errorOverlap({ models: names }), {
    labels: testSets[set].labels,
    ...(logits as Record<Name, HostTensor>),
  });
}

/** One model of each group that the study looks at trial by trial. */
export function inTrial(trained: readonly TrainedModel[], trial: number, group: GroupName): TrainedModel {
  return trained.find((model) => model.group === group && model.trial === trial)!;
}

/** Losses between models of one trial that start from the same weights. */
export async function barriersOf(
  trained: readonly TrainedModel[],
  test: Dataset,
  { trials, points, sizes }: { readonly trials: number; readonly points: number; readonly sizes: NetworkSizes },
): Promise<readonly TrialBarriers[]> {
  const probes = { cnn: createPlain('cnn', sizes), mlp: createPlain('mlp', sizes) };
  const found: TrialBarriers[] = [];
  for (let trial = 0; trial < trials; trial++) {
    const of = (group: GroupName): TrainedModel => inTrial(trained, trial, group);
    const twice = (group: GroupName) => barrier(of(group).model, of(group).twin!, group === 'CNN' ? 'cnn' : 'mlp');
    const between = (first: GroupName, second: GroupName) => barrier(of(first).model, of(second).twin!, 'mlp');
    const barriers: TrialBarriers['barriers'] = {
      'CNN, twice': await twice('CNN'),
      'MLP, twice': await twice('MLP'),
      'CNN → MLP, twice': await twice('CNN → MLP'),
      'MLP → MLP, twice': await twice('MLP → MLP'),
      'MLP and CNN → MLP': await between('MLP', 'CNN → MLP'),
      'MLP and MLP → MLP': await between('MLP', 'MLP → MLP'),
      'MLP → MLP and CNN → MLP': await between('MLP → MLP', 'CNN → MLP'),
    };
    found.push({ trial, barriers });
  }
  tf.dispose([probes.cnn.parameters(), probes.mlp.parameters()]);
  return found;

  function barrier(first: TrainedModel['model'], second: TrainedModel['model'], kind: 'cnn' | 'mlp') {
    return barrierBetween([first, second], test, { probe: probes[kind], points });
  }
}

/** The ways of the first CNN and of one trial's students, on one map. */
export function pathOf(trained: readonly TrainedModel[], trial: number) {
  const ways = {
    CNN: inTrial(trained, 0, 'CNN').path,
    MLP: inTrial(trained, trial, 'MLP').path,
    'CNN → MLP': inTrial(trained, trial, 'CNN → MLP').path,
  };
  const named = Object.entries(ways).map(([name, path]) => [name, path.map((_, at) => `${name} ${at}`)] as const);
  const features = Object.entries(ways).flatMap(([name, path]) => path.map((kept, at) => [`${name} ${at}`, kept]));
  return measure(
    trainingPath({ models: Object.fromEntries(named), similarity: similarity() }),
    Object.fromEntries(features) as Record<string, HostTensor>,
  );
}

/** Means over checkpoints, but for the first, at which nothing has been learnt. */
export function pathSimilarities(trained: readonly TrainedModel[], trial: number): TrialPaths {
  const { value, checkpoints } = pathOf(trained, trial);
  const steps = checkpoints.length / 3;
  const along = (model: number): number => {
    let sum = 0;
    for (let step = 1; step < steps; step++) sum += value[model * steps + step]![step]!;
    return sum / (steps - 1);
  };
  return { trial, similarity: { MLP: along(1), 'CNN → MLP': along(2) } };
}

export const barrierNames: readonly BarrierName[] = [
  'CNN, twice',
  'MLP, twice',
  'CNN → MLP, twice',
  'MLP → MLP, twice',
  'MLP and CNN → MLP',
  'MLP and MLP → MLP',
  'MLP → MLP and CNN → MLP',
];
