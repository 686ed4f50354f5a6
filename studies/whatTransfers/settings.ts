/** How large everything is, and which students there are. */
import { type MethodName, type MethodSettings, settingsForImageNet } from '../methods.ts';
import type { LayeredNetworkSizes } from '../models/layeredNetwork.ts';
import type { Scale } from '../study.ts';
import type { Schooling } from './images.ts';
import { type StudentName, taught } from './rows.ts';

/** Of a network, but for what the images fix. */
export type NetworkWidths = Pick<LayeredNetworkSizes, 'filter' | 'channels' | 'hidden'>;

export interface TransferSettings {
  readonly side: number;
  readonly images: number;
  readonly batchSize: number;
  readonly testImages: number;
  readonly epochs: { readonly teacher: number; readonly student: number };
  readonly trials: number;
  readonly teacher: NetworkWidths;
  readonly student: NetworkWidths;
  readonly foreign: NetworkWidths;
}

export const settingsOf: Readonly<Record<Scale, TransferSettings>> = {
  toy: {
    side: 14,
    images: 32,
    batchSize: 16,
    testImages: 24,
    epochs: { teacher: 1, student: 1 },
    trials: 2,
    teacher: { filter: 3, channels: [2, 3, 3], hidden: 6 },
    student: { filter: 3, channels: [2, 2, 2], hidden: 4 },
    foreign: { filter: 5, channels: [2, 2, 2], hidden: 4 },
  },
  quick: {
    side: 14,
    images: 4000,
    batchSize: 128,
    testImages: 1000,
    epochs: { teacher: 7, student: 8 },
    trials: 6,
    teacher: { filter: 3, channels: [16, 32, 32], hidden: 64 },
    student: { filter: 3, channels: [8, 16, 16], hidden: 32 },
    foreign: { filter: 5, channels: [12, 16, 24], hidden: 48 },
  },
  full: {
    side: 28,
    images: 20_000,
    batchSize: 128,
    testImages: 5000,
    epochs: { teacher: 12, student: 10 },
    trials: 6,
    teacher: { filter: 3, channels: [32, 64, 64], hidden: 128 },
    student: { filter: 3, channels: [16, 32, 32], hidden: 64 },
    foreign: { filter: 5, channels: [24, 32, 48], hidden: 96 },
  },
};

/** Adam's at the first step. */
export const rate = 0.004;
/** Of 1. The teacher's fooling rate was to be near the paper's 85 %. */
export const epsilon = 0.05;
/** For CKA. */
export const similarityImages = 300;

/** The paper's weights for a shape-biased teacher. It calls those of KL lower and higher the other way round. */
export const higher: MethodSettings = {
  kl: { task: 0.1, weight: 0.9, temperature: 4 },
  hint: { weight: 100 },
  crd: { ...settingsForImageNet.crd, weight: 1.2 },
};
const lower: MethodSettings = { ...higher, kl: { task: 0.9, weight: 0.1, temperature: 4 } };

/** A student by its teacher and its method. */
export interface Student {
  readonly name: StudentName;
  readonly schooling: Schooling;
  readonly method: MethodName;
  readonly settings: MethodSettings;
}

export const students: readonly Student[] = [
  // Those that hear no teacher come first: the others are compared with them.
  { name: 'alone', schooling: 'plain', method: 'independent', settings: settingsForImageNet },
  { name: 'pseudo', schooling: 'plain', method: 'pseudo', settings: settingsForImageNet },
  ...(['plain', 'jittered', 'shifted'] as const).flatMap((schooling) =>
    taught.map(
      (method): Student => ({ name: `${schooling} ${method}`, schooling, method, settings: settingsForImageNet }),
    ),
  ),
  { name: 'restyled kl lower', schooling: 'restyled', method: 'kl', settings: lower },
  ...taught.map((method): Student => ({ name: `restyled ${method}`, schooling: 'restyled', method, settings: higher })),
];
