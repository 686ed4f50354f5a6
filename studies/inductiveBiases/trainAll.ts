/** All models of the study, one after the other. */
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy, deriveSeed, type HostTensor, klDivergence } from 'dark-knowledge';
import type { Dataset, TestSets } from '../../examples/mnist/data.ts';
import type { Model } from '../../examples/mnist/layers.ts';
import { someSamples } from '../data/samples.ts';
import { outputsOn, teach } from '../lessons.ts';
import { createLearner, createPlain, type NetworkKind, type NetworkSizes } from '../models/learners.ts';
import type { Predictions } from '../predictions.ts';
import type { StudyContext } from '../study.ts';
import { assignValues, valuesOf } from '../weights.ts';
import { type Group, groups, type SetName, setNames, type TrainedModel } from './groups.ts';

/** How one kind of network is trained. */
export interface KindSettings {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
}

export interface TrainingSettings {
  readonly trials: number;
  readonly temperature: number;
  readonly sizes: NetworkSizes;
  readonly training: Readonly<Record<NetworkKind, KindSettings>>;
  /** Points of a training path after its first: a divisor of the epochs of both kinds. */
  readonly checkpoints: number;
  readonly pathImages: number;
}

export async function trainAll(
  images: Dataset,
  testSets: TestSets,
  settings: TrainingSettings,
  { seed, once, each, progress }: Pick<StudyContext, 'seed' | 'once' | 'each' | 'progress'>,
): Promise<readonly TrainedModel[]> {
  const { trials, temperature, sizes, training, checkpoints } = settings;
  const seen = someSamples(testSets.translated, settings.pathImages, deriveSeed(seed, 5));
  const alone = await trainGroups(groups.filter(({ teacher }) => teacher === null));
  const teacherLogits = { CNN: await logitsOfTeacher('CNN'), MLP: await logitsOfTeacher('MLP') };
  return [...alone, ...(await trainGroups(groups.filter(({ teacher }) => teacher !== null)))];

  function trainGroups(some: readonly Group[]): Promise<readonly TrainedModel[]> {
    const lessons = some.flatMap((group) => Array.from({ length: trials }, (_, trial) => ({ group, trial })));
    return each(lessons, async ({ group, trial }) => {
      const { values, path } = await trainOne(group, trial, 0);
      const twin = group.hasTwins ? modelOf(group.kind, (await trainOne(group, trial, 1)).values) : null;
      const model = modelOf(group.kind, values);
      const outputs = await outputsOnAll(model);
      progress(`${group.name}: trial ${trial + 1} of ${trials}`, true);
      return { group: group.name, trial, model, twin, outputs, path };
    });
  }

  async function logitsOfTeacher(name: 'CNN' | 'MLP'): Promise<HostTensor> {
    const { logits } = await outputsOn(alone.find(({ group }) => group === name)!.model, images);
    return logits;
  }

  /** The weights of a plain model, and where its training led past: for the first of twins alone. */
  function trainOne(group: Group, trial: number, part: 0 | 1) {
    return once(`${group.name}, trial ${trial + 1}${part === 1 ? ', twin' : ''}`, async () => {
      const path: HostTensor[] = [];
      const found = await trainAnew(group, trial, part, part === 0 ? path : undefined);
      const values = await valuesOf(found.parameters());
      tf.dispose(found.parameters());
      return { values, path };
    });
  }

  function modelOf(kind: NetworkKind, values: readonly tf.TypedArray[]): Model {
    const model = createPlain(kind, sizes);
    assignValues(model.parameters(), values);
    return model;
  }

  async function trainAnew(
    { name, kind, teacher }: Group,
    trial: number,
    part: number,
    path?: HostTensor[],
  ): Promise<Model> {
    // A trial's first weights and order are the same for a kind's whole row of groups: their differences are paired.
    const learner = createLearner(kind, deriveSeed(seed, 100 + trial), sizes);
    const { epochs, ...rest } = training[kind];
    const addCheckpoint = async (): Promise<void> => {
      const now = learner.plain();
      path?.push((await outputsOn(now, seen)).features);
      tf.dispose(now.parameters());
    };
    if (path) await addCheckpoint();
    await teach({
      learner,
      images,
      loss: teacher === null ? crossEntropy() : klDivergence({ temperature }),
      ...(teacher !== null && { teacherLogits: teacherLogits[teacher] }),
      epochs,
      ...rest,
      order: deriveSeed(seed, 200 + 2 * trial + part),
      onEpoch: async (epoch) => {
        progress(`${name}: trial ${trial + 1} of ${trials}, epoch ${epoch} of ${epochs}`);
        if (path && epoch % (epochs / checkpoints) === 0) await addCheckpoint();
      },
    });
    const model = learner.plain();
    learner.dispose();
    return model;
  }

  async function outputsOnAll(model: Model): Promise<Readonly<Record<SetName, Predictions>>> {
    const outputs: Partial<Record<SetName, Predictions>> = {};
    for (const set of setNames) outputs[set] = await outputsOn(model, testSets[set]);
    return outputs as Record<SetName, Predictions>;
  }
}
