/**
 * The teacher: a slim form of the convolutional network in Abnar, Dehghani and Zuidema, "Transferring inductive biases
 * through knowledge distillation" (2020). Two 3×3 convolutions and a max-pool, a third convolution with maxout, a global
 * average, a projection.
 *
 * No layer has a bias, and the image gets a margin. An empty part of the image then gives exactly zero everywhere, so a
 * move changes almost nothing in what the average sees; and the logits of a fainter digit, roughly those of a smaller one
 * too, are the digit's own times a factor, which leaves the largest the largest.
 */
import * as tf from '@tensorflow/tfjs-core';
import { deriveSeed } from 'dark-knowledge';
import { convolution, globalAveragePool, maxout, maxPool, pad } from './imageLayers.ts';
import { initializeWeights, type Model, type ModelOutput, project, relu, reshape, scaleBy } from './layers.ts';

/** The sizes that make up the network. */
export interface TeacherArchitecture {
  /** Channels of the three convolutions. */
  readonly channels: readonly [number, number, number];
  /** How many channels of the third convolution compete in a maxout unit. */
  readonly maxoutPieces: number;
}

export const teacherArchitecture: TeacherArchitecture = { channels: [16, 32, 128], maxoutPieces: 4 };

export interface Teacher extends Model {
  readonly architecture: TeacherArchitecture;
  logits(images: tf.Tensor2D): tf.Tensor2D;
  /** The averaged maxout units, of which the logits are a linear function. */
  penultimate(images: tf.Tensor2D): tf.Tensor2D;
}

/** What `teacher.json` says: how to read `weights.bin`, and how the weights came about. */
export interface TeacherDescription {
  readonly architecture: TeacherArchitecture;
  /** In the order of the file, which holds little-endian float32 values and nothing else. */
  readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** Settings, versions and the accuracies reached. */
  readonly training: Readonly<Record<string, unknown>>;
}

const side = 28;
const classes = 10;
const filterSide = 3;
const margin = 2;
export const parameterNames: readonly string[] = ['first', 'second', 'third', 'projection'];

/** Filters and projection, in the order of `parameterNames`. */
type TeacherWeights = readonly [
  first: tf.Variable<tf.Rank.R4>,
  second: tf.Variable<tf.Rank.R4>,
  third: tf.Variable<tf.Rank.R4>,
  projection: tf.Variable<tf.Rank.R2>,
];

/** What differs while the teacher is trained; `trainableTeacher.ts` folds it into the weights. */
export interface TrainingForm {
  /** Applied to the outputs of convolution 0, 1 (after its pooling) and 2. */
  readonly normalize: (output: tf.Tensor4D, layer: number) => tf.Tensor4D;
  /** Multiplies the features before the projection. */
  readonly featureGain: number;
}

/** A teacher that is not trained yet. */
export function createTeacher(
  seed: number,
  architecture: TeacherArchitecture = teacherArchitecture,
  form?: TrainingForm,
): Teacher {
  const initializeFilter = (inputs: number, outputs: number, part: number) =>
    initializeWeights<tf.Rank.R4>([filterSide, filterSide, inputs, outputs], { seed: deriveSeed(seed, part) });
  const { channels, maxoutPieces } = architecture;
  const projectionSettings = { seed: deriveSeed(seed, 3), gain: 0.4 };
  const weights: TeacherWeights = [
    initializeFilter(1, channels[0], 0),
    initializeFilter(channels[0], channels[1], 1),
    initializeFilter(channels[1], channels[2], 2),
    initializeWeights<tf.Rank.R2>([channels[2] / maxoutPieces, classes], projectionSettings),
  ];
  return assemble(architecture, weights, form);
}

function assemble(architecture: TeacherArchitecture, weights: TeacherWeights, form?: TrainingForm): Teacher {
  const [first, second, third, projection] = weights;
  const normalize = form?.normalize ?? ((output: tf.Tensor4D) => output);

  // Maxima commute with relu, so pooling goes first and the rest works on a quarter of the values.
  const penultimate = (images: tf.Tensor2D, differentiateImages = false) =>
    tf.tidy(() => {
      // A margin, so that a digit which a move brings to the edge still meets every position of the filters.
      const input = pad(reshape<tf.Tensor4D>(images, [images.shape[0], side, side, 1]), margin);
      const edges = relu(normalize(convolution(input, first, { inputIsData: !differentiateImages }), 0));
      const parts = relu(normalize(maxPool(convolution(edges, second), [2, 2]), 1));
      const units = maxout(normalize(convolution(parts, third), 2), architecture.maxoutPieces);
      return globalAveragePool(units);
    });

  function apply(images: tf.Tensor2D, { differentiateImages = false } = {}): ModelOutput {
    return tf.tidy(() => {
      const features = penultimate(images, differentiateImages);
      const scaled = form === undefined ? features : scaleBy(features, form.featureGain);
      return { logits: project(scaled, projection), features };
    });
  }

  return {
    architecture,
    apply,
    penultimate: (images) => penultimate(images),
    logits: (images) => tf.tidy(() => apply(images).logits),
    parameters: () => [...weights],
  };
}

/** A teacher from a description and the bytes that go with it, however they were fetched. */
export function restoreTeacher(description: TeacherDescription, bytes: ArrayBuffer): Teacher {
  const teacher = createTeacher(0, description.architecture);
  let offset = 0;
  for (const variable of teacher.parameters()) {
    const view = new DataView(bytes, offset, 4 * variable.size);
    const values = Float32Array.from({ length: variable.size }, (_, index) => view.getFloat32(4 * index, true));
    offset += view.byteLength;
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
  if (offset !== bytes.byteLength) {
    throw new RangeError(`restoreTeacher: bytes must be ${offset} long, got ${bytes.byteLength}.`);
  }
  return teacher;
}

/** The weights in the order and form of `weights.bin`. */
export async function serializeTeacher(teacher: Teacher): Promise<ArrayBuffer> {
  const values = await Promise.all(teacher.parameters().map((variable) => variable.data<'float32'>()));
  const bytes = new ArrayBuffer(4 * values.reduce((count, { length }) => count + length, 0));
  const view = new DataView(bytes);
  values
    .flatMap((array) => [...array])
    .forEach((value, index) => {
      view.setFloat32(4 * index, value, true);
    });
  return bytes;
}

export const teacherDirectory: URL = new URL('./teacher/', import.meta.url);

/** The committed teacher, in Node; in a browser, fetch the two files and call `restoreTeacher`. */
export async function loadTeacher(directory: URL = teacherDirectory): Promise<Teacher> {
  // Imported here so that a browser can load this module.
  const { readFile } = await import('node:fs/promises');
  const description = JSON.parse(await readFile(new URL('teacher.json', directory), 'utf8')) as TeacherDescription;
  const weights = await readFile(new URL('weights.bin', directory));
  return restoreTeacher(description, new Uint8Array(weights).buffer);
}
