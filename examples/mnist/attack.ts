/** Does an attack on the teacher fool its students? After Ojha et al., "What knowledge gets distilled?" (2023), §4.2. */
import * as tf from '@tensorflow/tfjs-core';
import { crossEntropy, iterativeFgsmOn, measure, studentFoolingRate } from 'dark-knowledge';
import { tfjsBackend, tfjsLoss } from 'dark-knowledge/tfjs';
import type { StudiedModel } from './analysis.ts';
import { type Dataset, pixelsPerImage, selectExamples } from './data.ts';
import { outputsOf } from './outputs.ts';

export interface FoolingFigures {
  readonly model: string;
  readonly group: string;
  /** Of the images that fooled the teacher, the share that fools this model. */
  readonly foolingRate: number | null;
  readonly teacherFooled: number;
  readonly images: number;
}

const taskLoss = tfjsLoss(crossEntropy());

/** Attacks the teacher on some images and shows the same images to all models. */
export async function foolingRates(
  models: readonly StudiedModel[],
  test: Dataset,
  { images: count, epsilon }: { readonly images: number; readonly epsilon: number },
): Promise<readonly FoolingFigures[]> {
  const teacher = models[0]!.model;
  const clean = selectExamples(
    test,
    Array.from({ length: Math.min(count, test.count) }, (_, index) => index),
  );
  const adversarial = await attack(teacher, clean, epsilon);
  const [teacherClean, teacherAdversarial] = [await outputsOf(teacher, clean), await outputsOf(teacher, adversarial)];
  const figures: FoolingFigures[] = [];
  for (const { name, group, model } of models) {
    const result = measure(studentFoolingRate(), {
      teacherCleanLogits: teacherClean.logits,
      teacherAdversarialLogits: teacherAdversarial.logits,
      studentCleanLogits: (await outputsOf(model, clean)).logits,
      studentAdversarialLogits: (await outputsOf(model, adversarial)).logits,
    });
    const { value, teacherFooled } = result;
    figures.push({ model: name, group, foolingRate: value ?? null, teacherFooled, images: result.count });
  }
  return figures;
}

async function attack(teacher: StudiedModel['model'], clean: Dataset, epsilon: number): Promise<Dataset> {
  const labels = tf.tensor1d(clean.labels, 'int32');
  const loss = (images: tf.Tensor): tf.Scalar =>
    taskLoss({
      studentLogits: teacher.apply(images as tf.Tensor2D, { differentiateImages: true }).logits,
      labels,
    }) as tf.Scalar;
  const adversarial = await iterativeFgsmOn(tfjsBackend(), {
    images: tf.tensor2d(clean.images, [clean.count, pixelsPerImage]) as tf.Tensor,
    gradient: (images) => tf.grad(loss)(images),
    epsilon,
  });
  const images = (await adversarial.data()) as Float32Array;
  tf.dispose([labels, adversarial]);
  return { images, labels: clean.labels, count: clean.count };
}
