/**
 * The two kinds of network that the studies of MNIST set beside each other, those of the main example: one whose architecture
 * knows that a moved digit is the same digit, and one whose does not.
 */
import * as tf from '@tensorflow/tfjs-core';
import { createPerceptron, type Model } from '../../examples/mnist/layers.ts';
import { createTeacher, type TeacherArchitecture } from '../../examples/mnist/teacher.ts';
import { trainableTeacher } from '../../examples/mnist/trainableTeacher.ts';

export type NetworkKind = 'cnn' | 'mlp';

export interface NetworkSizes {
  readonly cnn: TeacherArchitecture;
  /** From the pixels to the classes. */
  readonly mlp: readonly number[];
}

/** The main example's CNN, of 5, sees sixty thousand images; with few, its logits would stay too small. */
const featureGain = 25;

/** A network on its way. */
export interface Learner {
  /** What is trained. */
  readonly model: Model;
  /** The network as it is by now: a copy, which further training does not change. */
  plain(): Model;
  dispose(): void;
}

export function createLearner(kind: NetworkKind, seed: number, sizes: NetworkSizes): Learner {
  if (kind === 'cnn') {
    const { teacher, fold, dispose } = trainableTeacher(seed, { architecture: sizes.cnn, featureGain });
    return { model: teacher, plain: fold, dispose };
  }
  const model = createPerceptron({ seed, widths: sizes.mlp });
  return { model, plain: () => copyOf('mlp', model, sizes), dispose: () => tf.dispose(model.parameters()) };
}

/** A network without training: one to put parameters into. */
export function createPlain(kind: NetworkKind, sizes: NetworkSizes): Model {
  return kind === 'cnn' ? createTeacher(0, sizes.cnn) : createPerceptron({ seed: 0, widths: sizes.mlp });
}

function copyOf(kind: NetworkKind, model: Model, sizes: NetworkSizes): Model {
  const copy = createPlain(kind, sizes);
  copy.parameters().forEach((variable, at) => {
    variable.assign(model.parameters()[at]!);
  });
  return copy;
}
