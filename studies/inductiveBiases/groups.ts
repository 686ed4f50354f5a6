/** Who teaches whom: each kind of network alone, and as the student of each. */
import type { HostTensor, InterpolationResult } from 'dark-knowledge';
import type { Model } from '../../examples/mnist/layers.ts';
import type { NetworkKind } from '../models/learners.ts';
import type { Predictions } from '../predictions.ts';

export type GroupName = 'CNN' | 'MLP' | 'CNN → MLP' | 'MLP → MLP' | 'CNN → CNN' | 'MLP → CNN';
export type SetName = 'mnist' | 'scaled' | 'translated';

export interface Group {
  readonly name: GroupName;
  readonly kind: NetworkKind;
  /** Whose first trial teaches; null for those that learn from labels. */
  readonly teacher: 'CNN' | 'MLP' | null;
  /** Whether each trial is trained a second time, from the same weights in another order: for barriers. */
  readonly hasTwins: boolean;
}

/** Teachers before their students. */
export const groups: readonly Group[] = [
  { name: 'CNN', kind: 'cnn', teacher: null, hasTwins: true },
  { name: 'MLP', kind: 'mlp', teacher: null, hasTwins: true },
  { name: 'CNN → MLP', kind: 'mlp', teacher: 'CNN', hasTwins: true },
  { name: 'MLP → MLP', kind: 'mlp', teacher: 'MLP', hasTwins: true },
  { name: 'CNN → CNN', kind: 'cnn', teacher: 'CNN', hasTwins: false },
  { name: 'MLP → CNN', kind: 'cnn', teacher: 'MLP', hasTwins: false },
];

export const setNames: readonly SetName[] = ['mnist', 'scaled', 'translated'];
export const setTitles: Readonly<Record<SetName, string>> = {
  mnist: 'MNIST',
  scaled: 'Scaled',
  translated: 'Translated',
};

/** Accuracies that the text of §3 and Table 9 give; of the other groups it gives words. */
export const paperAccuracy: Readonly<Partial<Record<GroupName, Readonly<Record<SetName, number>>>>> = {
  CNN: { mnist: 0.992, scaled: 0.962, translated: 0.981 },
  MLP: { mnist: 0.985, scaled: 0.794, translated: 0.373 },
  'CNN → MLP': { mnist: 0.99, scaled: 0.904, translated: 0.51 },
};

/** A model that was trained, with what it says of each test set. */
export interface TrainedModel {
  readonly group: GroupName;
  readonly trial: number;
  readonly model: Model;
  /** From the same first weights, by the same teacher, with the images in another order. */
  readonly twin: Model | null;
  readonly outputs: Readonly<Record<SetName, Predictions>>;
  /** Features of moved digits, from the first weights to the last. */
  readonly path: readonly HostTensor[];
}

/** What was measured of one model on one test set. */
export interface Measured {
  readonly group: GroupName;
  readonly trial: number;
  readonly set: SetName;
  readonly accuracy: number;
  readonly calibrationError: number;
  /** Mean representational similarity to the other CNNs that learnt from labels. */
  readonly similarityToCnns: number;
  /** The same of centred features: unrelated ones are then near 0. */
  readonly centredSimilarityToCnns: number;
  /** Jaccard's index of its errors and those of the first CNN; of that CNN itself, null. */
  readonly sharedErrors: number | null;
}

/** Pairs of models of one trial between which the loss is followed. */
export type BarrierName =
  | 'CNN, twice'
  | 'MLP, twice'
  | 'CNN → MLP, twice'
  | 'MLP → MLP, twice'
  | 'MLP and CNN → MLP'
  | 'MLP and MLP → MLP'
  | 'MLP → MLP and CNN → MLP';

export interface TrialBarriers {
  readonly trial: number;
  readonly barriers: Readonly<Record<BarrierName, InterpolationResult>>;
}

/** How near the students' ways are to the first CNN's, over checkpoints at the same share of the training. */
export interface TrialPaths {
  readonly trial: number;
  readonly similarity: Readonly<Record<'MLP' | 'CNN → MLP', number>>;
}
