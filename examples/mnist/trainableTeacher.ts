/** The teacher as it is trained: with its channels normalised, which lets the learning rate be high. */
import * as tf from '@tensorflow/tfjs-core';
import { normalizeChannels } from './imageLayers.ts';
import { createTeacher, type Teacher, type TeacherArchitecture, teacherArchitecture } from './teacher.ts';

export interface TrainableTeacherOptions {
  readonly architecture?: TeacherArchitecture;
  /** Multiplies the features before the projection: the larger, the sooner logits have the size that labels ask for. Default 5. */
  readonly featureGain?: number;
}

export interface TrainableTeacher {
  /** What is trained: its outputs depend on the other images of a batch, and it follows their mean squares. */
  readonly teacher: Teacher;
  /** The plain network that the teacher is by now. */
  fold(): Teacher;
  dispose(): void;
}

/**
 * A teacher to be trained. Without a mean to take off, the normalisation is a factor for each channel; `fold` multiplies the
 * filters by it and leaves a plain network.
 */
export function trainableTeacher(
  seed: number,
  { architecture = teacherArchitecture, featureGain = 5 }: TrainableTeacherOptions = {},
): TrainableTeacher {
  const meanSquares = architecture.channels.map((channels) => tf.variable(tf.ones<tf.Rank.R1>([channels]), false));
  const teacher = createTeacher(seed, architecture, {
    featureGain,
    normalize: (output, layer) =>
      normalizeChannels(output, (current) => {
        const running = meanSquares[layer]!;
        running.assign(tf.add(tf.mul(running, 0.98), tf.mul(current, 0.02)));
      }),
  });
  return {
    teacher,
    fold() {
      const folded = createTeacher(seed, architecture);
      folded.parameters().forEach((variable, layer) => {
        const running = meanSquares[layer];
        tf.tidy(() => {
          const factor = running === undefined ? tf.scalar(featureGain) : tf.rsqrt(tf.add(running, 1e-6));
          variable.assign(tf.mul(teacher.parameters()[layer]!, factor));
        });
      });
      return folded;
    },
    dispose: () => tf.dispose([meanSquares, teacher.parameters()]),
  };
}
