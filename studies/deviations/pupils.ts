/** One network of the study, from its first weights to what it says in the end. */
import * as tf from '@tensorflow/tfjs-core';
import { accuracy, type HostTensor, measure, tensor } from 'dark-knowledge';
import type { Dataset } from '../../examples/mnist/data.ts';
import { type Lesson, outputsOn, teach } from '../lessons.ts';
import { createLearner, type NetworkKind, type NetworkSizes } from '../models/learners.ts';

export interface Pupil {
  /** Logits on the trial's training images, whether it learnt from all of them or not. */
  readonly train: HostTensor;
  readonly test: HostTensor;
  /** What the first layer's weights have gained on the first ones, by checkpoint. */
  readonly kernels: readonly HostTensor[];
  /** Accuracy on test images after each epoch. */
  readonly curve: readonly number[];
}

export interface PupilSettings extends Omit<Lesson, 'learner' | 'onEpoch' | 'onStep'> {
  readonly kind: NetworkKind;
  readonly sizes: NetworkSizes;
  /** Of the first weights. */
  readonly initialization: number;
  /** All of the trial's training images. */
  readonly train: Dataset;
  readonly test: Dataset;
  /** Checkpoints of the first layer: denser at first, where weights move most. */
  readonly checkpoints?: number;
  /** Images for the curve. */
  readonly followed?: Dataset;
}

export async function trainPupil(settings: PupilSettings): Promise<Pupil> {
  const { kind, sizes, initialization, train, test, checkpoints = 0, followed, ...lesson } = settings;
  const learner = createLearner(kind, initialization, sizes);
  const steps = lesson.epochs * Math.floor(lesson.images.count / lesson.batchSize);
  const wanted = new Set(
    Array.from({ length: checkpoints }, (_, at) => Math.round(steps * (at / Math.max(1, checkpoints - 1)) ** 2)),
  );
  const kernels: HostTensor[] = [];
  const first = checkpoints > 0 ? kernelOf() : undefined;
  const curve: number[] = [];
  await teach({
    ...lesson,
    learner,
    onStep(step) {
      if (first && wanted.has(step)) kernels.push(gain(kernelOf(), first));
    },
    async onEpoch() {
      if (followed === undefined) return;
      const now = learner.plain();
      const { logits } = await outputsOn(now, followed);
      tf.dispose(now.parameters());
      curve.push(measure(accuracy(), { logits, labels: followed.labels }).value);
    },
  });
  if (first) kernels.push(gain(kernelOf(), first));
  const model = learner.plain();
  const pupil = {
    train: (await outputsOn(model, train)).logits,
    test: (await outputsOn(model, test)).logits,
    kernels,
    curve,
  };
  tf.dispose(model.parameters());
  learner.dispose();
  return pupil;

  function kernelOf(): HostTensor {
    const kernel = learner.model.parameters()[0]!;
    return tensor(Float32Array.from(kernel.dataSync()), kernel.shape);
  }
}

function gain({ data, shape }: HostTensor, first: HostTensor): HostTensor {
  return tensor(
    Float32Array.from(data, (value, at) => value - first.data[at]!),
    shape,
  );
}
