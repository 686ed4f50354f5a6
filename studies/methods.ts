/** The ways of distilling that *what knowledge gets distilled* (2023) compares, with its hyper-parameters. */
import * as tf from '@tensorflow/tfjs-core';
import {
  ContrastiveMemoryOn,
  contrastSampler,
  crd,
  crossEntropy,
  deriveSeed,
  type HostTensor,
  hint,
  initializeCrd,
  initializeHintRegressor,
  klDivergence,
  noisyLabels,
  weightedSum,
} from 'dark-knowledge';
import { tfjsBackend, tfjsLoss } from 'dark-knowledge/tfjs';

/** `pseudo` is KL with soft labels that no teacher gave. */
export type MethodName = 'independent' | 'pseudo' | 'kl' | 'hint' | 'crd';

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
  /** Whether the objective reads what a teacher says: without it none is asked, and `teacher…` is not there. */
  readonly hearsTeacher: boolean;
  objective(batch: DistillationBatch, rows: Int32Array, step: number): tf.Scalar;
  /** What is trained beside the student. */
  readonly parameters: readonly tf.Variable[];
  /** After the gradients of a step, before the parameters change. */
  afterGradients(rows: Int32Array): void;
  dispose(): void;
}

/** How much of a method, and how. */
export interface MethodSettings {
  readonly kl: { readonly task: number; readonly weight: number; readonly temperature: number };
  readonly hint: { readonly weight: number };
  readonly crd: { readonly weight: number; readonly temperature: number; readonly negatives: number };
}

/** The paper's for ResNet50 → ResNet18, of appendix A, but for CRD's 16 384 negatives: more than there are images here. */
export const settingsForImageNet: MethodSettings = {
  kl: { task: 0.5, weight: 0.5, temperature: 4 },
  hint: { weight: 5 },
  crd: { weight: 0.8, temperature: 0.07, negatives: 256 },
};

/** The paper's for MNIST, of appendix A. */
export const settingsForMnist: MethodSettings = {
  kl: { task: 0.1, weight: 0.9, temperature: 8 },
  hint: { weight: 2 },
  crd: { weight: 0.1, temperature: 0.1, negatives: 32 },
};

export interface MethodOptions {
  /** Of the training samples, which CRD's negatives differ in. */
  readonly labels: Int32Array;
  readonly settings: MethodSettings;
  /** Widths of the features and of the maps, on both sides. */
  readonly student: Widths;
  readonly teacher: Widths;
  readonly seed: number;
}

export interface Widths {
  readonly features: number;
  readonly maps: number;
}

/** The methods by name. */
export const methods: Readonly<Record<MethodName, (options: MethodOptions) => Method>> = {
  independent() {
    const loss = tfjsLoss(crossEntropy());
    return untaught(({ studentLogits, labels }) => loss({ studentLogits, labels }));
  },
  kl({ settings }) {
    const loss = softLabels(settings);
    return plain(({ studentLogits, teacherLogits, labels }) => loss({ studentLogits, teacherLogits, labels }));
  },
  pseudo: pretended,
  hint: hinted,
  crd: contrastive,
};

function plain(objective: Method['objective']): Method {
  return { hearsTeacher: true, objective, parameters: [], afterGradients: () => {}, dispose: () => {} };
}

function untaught(objective: Method['objective']): Method {
  return { ...plain(objective), hearsTeacher: false };
}

function softLabels({ kl }: MethodSettings) {
  return tfjsLoss(
    weightedSum({
      task: { loss: crossEntropy(), weight: kl.task },
      distillation: { loss: klDivergence({ temperature: kl.temperature }), weight: kl.weight },
    }),
  );
}

/** Noise on the one-hot label, new in each step (appendix C.2). */
function pretended({ labels, settings, seed }: MethodOptions): Method {
  const loss = softLabels(settings);
  return untaught(({ studentLogits, labels: given }, rows, step) => {
    const soft = noisyLabels(
      rows.map((row) => labels[row]!),
      { classes: studentLogits.shape[1], seed: deriveSeed(seed, step) },
    );
    // The probabilities are the target as they are: the loss's temperature is taken back.
    const teacherLogits = Float32Array.from(soft.data, (value) => settings.kl.temperature * value);
    return loss({ studentLogits, teacherLogits: tf.tensor2d(teacherLogits, studentLogits.shape), labels: given });
  });
}

/** Where the widths differ, a 1×1 convolution brings the student's maps to the teacher's. */
function hinted({ settings, student, teacher, seed }: MethodOptions): Method {
  const task = { loss: crossEntropy(), weight: 1 };
  const { weight } = settings.hint;
  if (student.maps === teacher.maps) {
    const loss = tfjsLoss(weightedSum({ task, hint: { loss: hint(), weight } }));
    return plain(({ studentLogits, labels, studentMaps, teacherMaps }) =>
      loss({ studentLogits, labels, studentFeatures: studentMaps, teacherFeatures: teacherMaps }),
    );
  }
  const loss = tfjsLoss(weightedSum({ task, hint: { loss: hint({ regressor: 'convolution' }), weight } }));
  const initial = initializeHintRegressor({ studentFeatures: student.maps, teacherFeatures: teacher.maps, seed });
  const regressor = {
    regressorWeight: variableOf(initial.regressorWeight),
    regressorBias: variableOf(initial.regressorBias),
  };
  return {
    hearsTeacher: true,
    objective: ({ studentLogits, labels, studentMaps, teacherMaps }) =>
      loss({ studentLogits, labels, studentFeatures: studentMaps, teacherFeatures: teacherMaps, ...regressor }),
    parameters: Object.values(regressor),
    afterGradients: () => {},
    dispose: () => tf.dispose(regressor),
  };
}

const dimension = 128;

function contrastive({ labels, settings, student, teacher, seed }: MethodOptions): Method {
  const { weight, temperature, negatives } = settings.crd;
  const contrast = crd({ temperature });
  const loss = tfjsLoss(
    weightedSum({ task: { loss: crossEntropy(), weight: 1 }, contrast: { loss: contrast, weight } }),
  );
  const memory = ContrastiveMemoryOn(tfjsBackend(), { size: labels.length, dimension, seed });
  const sampler = contrastSampler({ labels, count: negatives, seed });
  const initial = initializeCrd({
    studentFeatures: student.features,
    teacherFeatures: teacher.features,
    dimension,
    seed,
  });
  const heads = {
    studentProjectionWeight: variableOf(initial.studentProjectionWeight),
    studentProjectionBias: variableOf(initial.studentProjectionBias),
    teacherProjectionWeight: variableOf(initial.teacherProjectionWeight),
    teacherProjectionBias: variableOf(initial.teacherProjectionBias),
  };
  let kept: Pick<DistillationBatch, 'studentFeatures' | 'teacherFeatures'> | undefined;
  return {
    hearsTeacher: true,
    objective({ studentLogits, labels: classes, studentFeatures, teacherFeatures }, rows, step) {
      const known = { studentFeatures, teacherFeatures, ...heads };
      const draws = sampler.sample(rows, step);
      // Of the first batch alone.
      memory.estimatePartitions(contrast, { ...known, ...draws, ...memory.tensors() });
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
