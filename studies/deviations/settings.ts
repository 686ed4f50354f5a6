/** How large each part of the study is. */
import type { NetworkKind, NetworkSizes } from '../models/learners.ts';
import type { Scale } from '../study.ts';

export interface DeviationSettings {
  readonly trials: number;
  /** Of a trial's own training set. */
  readonly images: number;
  readonly testImages: number;
  /** Test images by which accuracy is followed over training. */
  readonly curveImages: number;
  readonly sizes: NetworkSizes;
  readonly training: Readonly<
    Record<NetworkKind, { readonly epochs: number; readonly batchSize: number; readonly learningRate: number }>
  >;
  readonly temperature: number;
  /** The share of wrong labels where labels are noisy. */
  readonly noise: number;
  /** The share of rows, of lowest teacher confidence, that a slope is fitted to. */
  readonly bottom: number;
  /** Eigen-directions of the inputs, from the top, that weights are followed along. */
  readonly directions: number;
  readonly checkpoints: number;
  /** Pairs of directions, drawn at random. */
  readonly pairs: number;
  readonly linear: {
    readonly images: number;
    /** The teacher's; a student takes twice as many. */
    readonly epochs: number;
    readonly batchSize: number;
  };
}

const cnn = { channels: [8, 16, 64], maxoutPieces: 4 } as const;

export const settingsOf: Readonly<Record<Scale, DeviationSettings>> = {
  toy: {
    trials: 1,
    images: 32,
    testImages: 40,
    curveImages: 10,
    sizes: { cnn: { channels: [2, 4, 8], maxoutPieces: 2 }, mlp: [784, 16, 10] },
    training: {
      cnn: { epochs: 1, batchSize: 16, learningRate: 0.01 },
      mlp: { epochs: 4, batchSize: 16, learningRate: 0.01 },
    },
    temperature: 4,
    noise: 0.3,
    bottom: 0.25,
    directions: 9,
    checkpoints: 6,
    pairs: 4,
    linear: { images: 12, epochs: 20, batchSize: 6 },
  },
  quick: {
    trials: 3,
    images: 1000,
    testImages: 4000,
    curveImages: 1000,
    sizes: { cnn, mlp: [784, 256, 64, 10] },
    training: {
      cnn: { epochs: 20, batchSize: 16, learningRate: 0.01 },
      mlp: { epochs: 48, batchSize: 64, learningRate: 0.001 },
    },
    temperature: 4,
    noise: 0.2,
    bottom: 0.25,
    directions: 60,
    checkpoints: 24,
    pairs: 40,
    linear: { images: 200, epochs: 200, batchSize: 50 },
  },
  full: {
    trials: 5,
    images: 10_000,
    testImages: 10_000,
    curveImages: 2000,
    sizes: { cnn, mlp: [784, 1000, 1000, 10] },
    training: {
      cnn: { epochs: 20, batchSize: 32, learningRate: 0.005 },
      mlp: { epochs: 40, batchSize: 128, learningRate: 0.001 },
    },
    temperature: 4,
    noise: 0.2,
    bottom: 0.25,
    directions: 200,
    checkpoints: 60,
    pairs: 200,
    linear: { images: 500, epochs: 1000, batchSize: 50 },
  },
};
