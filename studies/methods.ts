/** The ways of distilling that *what knowledge gets distilled* (2023) compares, with its hyper-parameters for MNIST. */
import * as tf from '@tensorflow/tfjs-core';
import {
  ContrastiveMemoryOn,
  contrastSampler,
  crd,
  crossEntropy,
  type HostTensor,
  hint,
  initializeCrd,
  klDivergence,
  weightedSum,
} from 'dark-knowledge';
import { tfjsBackend, tfjsLoss } from 'dark-knowledge/tfjs';

export type MethodName = 'independent' | 'kl' | 'hint' | 'crd';

/** What the objectives read of a batch. */
export interface DistillationBatch {
  readonly labels: tf.Tensor1D;
  readonly studentLogits: tf.Tensor2D;
  readonly teacherLogits: tf.Tensor2D;
  /** What the logits are a linear function of. */
  readonly studentFeatures: tf.Tensor2D;
  readonly teacherFeatures: tf.Tensor2D;
  /** A layer in the middle. */
  readonly studentMaps: tf.Tensor;
  readonly teacherMaps: tf.Tensor;
}

/** A way of training a student, for one student: it may hold a memory. */
export interface Method {
  objective(batch: DistillationBatch, rows: Int32Array, step: number): tf.Scalar;
  /** What is trained beside the student. */
  readonly parameters: readonly tf.Variable[];
  /** After the gradients of a step, before the parameters change. */
  afterGradients(rows: Int32Array): void;
  dispose(): void;
}

export interface MethodOptions {
  /** Of the training samples, which CRD's negatives differ in. */
  readonly labels: Int32Array;
  /** Width of the features, the same on both sides. */
  readonly features: number;
  readonly seed: number;
}

/** The methods by name. */
export const methods: Readonly<Record<MethodName, (options: MethodOptions) => Method>> = {
  independent() {
    const loss = tfjsLoss(crossEntropy());
    return plain(({ studentLogits, labels }) => loss({ studentLogits, labels }));
  },
  kl() {
    const loss = tfjsLoss(
      weightedSum({
        task: { loss: crossEntropy(), weight: 0.1 },
        distillation: { loss: klDivergence({ temperature: 8 }), weight: 0.9 },
      }),
    );
    return plain(({ studentLogits, teacherLogits, labels }) => loss({ studentLogits, teacherLogits, labels }));
  },
  hint() {
    const loss = tfjsLoss(
      weightedSum({ task: { loss: crossEntropy(), weight: 1 }, hint: { loss: hint(), weight: 2 } }),
    );
    return plain(({ studentLogits, labels, studentMaps, teacherMaps }) =>
      loss({ studentLogits, labels, studentFeatures: studentMaps, teacherFeatures: teacherMaps }),
    );
  },
  crd: contrastive,
};

function plain(objective: (batch: DistillationBatch) => tf.Scalar): Method {
  return { objective, parameters: [], afterGradients: () => {}, dispose: () => {} };
}

const dimension = 128;
const negatives = 32;

function contrastive({ labels, features, seed }: MethodOptions): Method {
  const contrast = crd({ temperature: 0.1 });
  const loss = tfjsLoss(
    weightedSum({ task: { loss: crossEntropy(), weight: 1 }, contrast: { loss: contrast, weight: 0.1 } }),
  );
  const memory = ContrastiveMemoryOn(tfjsBackend(), { size: labels.length, dimension, seed });
  const sampler = contrastSampler({ labels, count: negatives, seed });
  const initial = initializeCrd({ studentFeatures: features, teacherFeatures: features, dimension, seed });
  const heads = {
    studentProjectionWeight: variableOf(initial.studentProjectionWeight),
    studentProjectionBias: variableOf(initial.studentProjectionBias),
    teacherProjectionWeight: variableOf(initial.teacherProjectionWeight),
    teacherProjectionBias: variableOf(initial.teacherProjectionBias),
  };
  let kept: Pick<DistillationBatch, 'studentFeatures' | 'teacherFeatures'> | undefined;
  let isReady = false;
  return {
    objective({ studentLogits, labels: classes, studentFeatures, teacherFeatures }, rows, step) {
      const known = { studentFeatures, teacherFeatures, ...heads };
      const draws = sampler.sample(rows, step);
      if (!isReady) {
        memory.estimatePartitions(contrast, { ...known, ...draws, ...memory.tensors() });
        isReady = true;
      }
      // The memory takes in the embeddings that the loss was computed with.
      kept = { studentFeatures: tf.keep(tf.clone(studentFeatures)), teacherFeatures };
      return loss({ ...known, ...draws, ...memory.tensors(), studentLogits, labels: classes }, { step });
    },
    parameters: Object.values(heads),
    afterGradients(rows) {
      memory.update({ ...kept!, ...heads, indices: rows });
      kept!.studentFeatures.dispose();
    },
    dispose() {
      memory.dispose();
      tf.dispose(heads);
    },
  };
}

function variableOf({ data, shape }: HostTensor): tf.Variable {
  return tf.variable(tf.tensor(Float32Array.from(data), [...shape]));
}
