/** How a student is trained: the objectives, and the loop around them. */
import * as tf from '@tensorflow/tfjs-core';
import {
  type AnyLoss,
  ContrastiveMemoryOn,
  cosineDistance,
  cosineRamp,
  crd,
  crossEntropy,
  deriveSeed,
  type HostTensor,
  queueDivergence,
  randomNormal,
  randomPermutation,
  weightedSum,
} from 'dark-knowledge';
import { tfjsBackend, tfjsLoss } from 'dark-knowledge/tfjs';
import { wasmBackend } from 'dark-knowledge/wasm';
import { addBias, project } from '../mnist/layers.ts';
import type { Sentences } from './data.ts';
import { createStudent, ngramsOf, type StudentWeights, variableOf } from './student.ts';

export interface Training {
  readonly width: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Earlier sentences that a batch is compared with. */
  readonly queue: number;
  readonly seed: number;
  readonly onStep?: (step: number, steps: number, loss: number) => void;
}

const cosine = { loss: cosineDistance(), weight: 1 };
const contrastive = crd({ negatives: 'queue', temperature: 0.07 });
const similarities = { loss: queueDivergence({ temperature: 0.07 }), weight: 0.1 };
const contrast = { loss: contrastive, weight: 0.003 };

/** The ways to train a student: from the rooms alone, or from the teacher by one to three losses. */
export const methods = {
  independent: weightedSum({ rooms: { loss: crossEntropy(), weight: 1 } }),
  cosine: weightedSum({ cosine }),
  'cosine + similarities': weightedSum({ cosine, similarities }),
  'cosine + CRD': weightedSum({ cosine, contrast }),
  'all three': weightedSum({ cosine, similarities, contrast }),
} as const;
export type MethodName = keyof typeof methods;

/** Trains a student by Adam, its rate falling to zero along half a cosine. Leaves no tensor behind. */
export async function trainStudent(
  method: MethodName,
  lessons: Sentences,
  training: Training,
): Promise<StudentWeights> {
  const { epochs, batchSize, seed } = training;
  const [count, dimension] = lessons.teacher.shape as [number, number];
  const backend = tfjsBackend();
  const objective = methods[method] as unknown as AnyLoss<'scalar'>;
  const asks = (input: string): boolean => (objective.inputs as readonly string[]).includes(input);
  const remembers = asks('studentBank') || asks('studentQueue');
  const lossOf = tfjsLoss(objective, { kernels: wasmBackend() }) as (inputs: object, context: object) => tf.Scalar;

  const bags = lessons.texts.map(ngramsOf);
  const student = createStudent({ width: training.width, dimension, seed });
  const head = makeHead(dimension, lessons.roomNames.length, deriveSeed(seed, 2));
  const memory = ContrastiveMemoryOn(backend, { kind: 'queue', size: training.queue, dimension, seed });
  // Student and teacher share one space, so that what CRD would project is compared as it is.
  const asItIs = identityProjections(dimension);
  const optimizer = tf.train.adam(training.learningRate);

  const stepsOfEpoch = Math.floor(count / batchSize);
  const steps = epochs * stepsOfEpoch;
  const rateAt = cosineRamp({ from: training.learningRate, to: 0, end: steps });
  const batchAt = (step: number) => {
    const order = randomPermutation(deriveSeed(seed, 100 + Math.floor(step / stepsOfEpoch)), count);
    const rows = order.subarray((step % stepsOfEpoch) * batchSize).subarray(0, batchSize);
    return {
      bags: Array.from(rows, (row) => bags[row]!),
      known: {
        teacherFeatures: rowsOf(lessons.teacher, rows),
        labels: tf.tensor1d(
          rows.map((row) => lessons.rooms[row]!),
          'int32',
        ),
      },
    };
  };
  const remember = (known: Record<string, tf.Tensor>, studentFeatures: tf.Tensor): void =>
    memory.update({ ...known, ...asItIs, studentFeatures } as never);

  if (remembers) {
    // The queue begins with sentences, not with noise.
    for (let step = 0; step < Math.min(stepsOfEpoch, Math.ceil(training.queue / batchSize)); step++) {
      const { bags: ofBatch, known } = batchAt(step);
      const studentFeatures = tf.tidy(() => student.apply(ofBatch));
      remember(known, studentFeatures);
      if (step === 0) memory.estimatePartitions(contrastive, { ...known, ...asItIs, studentFeatures } as never);
      tf.dispose([known, studentFeatures]);
    }
  }
  for (let step = 0; step < steps; step++) {
    const { bags: ofBatch, known } = batchAt(step);
    let studentFeatures: tf.Tensor2D | undefined;
    const { value, grads } = tf.variableGrads(() => {
      const features = student.apply(ofBatch);
      studentFeatures = tf.keep(features);
      const banks = memory.tensors();
      // Both sides are compared with the teacher's queue, as in SEED: the student's own earlier embeddings are out of date.
      const queues = { studentQueue: banks.teacherBank, teacherQueue: banks.teacherBank };
      const given = asks('labels') ? { studentLogits: head.apply(features) } : { ...asItIs, ...banks, ...queues };
      return lossOf(pick({ ...known, ...given, studentFeatures: features }, objective), { step });
    }, [...student.parameters(), ...(asks('labels') ? head.parameters : [])]);
    if (remembers) remember(known, studentFeatures!);
    (optimizer as unknown as { learningRate: number }).learningRate = rateAt(step);
    optimizer.applyGradients(grads as Record<string, tf.Variable>);
    training.onStep?.(step + 1, steps, (await value.data())[0]!);
    tf.dispose([known, grads, value, studentFeatures!]);
  }
  const weights = student.weights();
  optimizer.dispose();
  memory.dispose();
  tf.dispose([student.parameters(), head.parameters, asItIs]);
  return weights;
}

const pick = (inputs: Readonly<Record<string, tf.Tensor>>, { inputs: names }: AnyLoss<'scalar'>): object =>
  Object.fromEntries(names.map((name) => [name, inputs[name]]));

/** The linear layer from embeddings to rooms, for the student without a teacher. */
function makeHead(dimension: number, rooms: number, seed: number) {
  const draw = (_: unknown, index: number): number => randomNormal(seed, index) / Math.sqrt(dimension);
  const initial = Float32Array.from({ length: dimension * rooms }, draw);
  const weight = variableOf(tf.tensor2d(initial, [dimension, rooms]));
  const bias = variableOf(tf.zeros<tf.Rank.R1>([rooms]));
  return {
    apply: (features: tf.Tensor2D) => addBias(project(features, weight), bias),
    parameters: [weight, bias] as tf.Variable[],
  };
}

function identityProjections(dimension: number): Record<string, tf.Tensor> {
  const sides = (['student', 'teacher'] as const).flatMap((side) => [
    [`${side}ProjectionWeight`, tf.eye(dimension)],
    [`${side}ProjectionBias`, tf.zeros([dimension])],
  ]);
  return Object.fromEntries(sides);
}

/** Rows of a host tensor, on the device. */
export function rowsOf({ data, shape }: HostTensor, rows: Int32Array): tf.Tensor2D {
  const width = shape[1]!;
  const chosen = new Float32Array(rows.length * width);
  rows.forEach((row, index) => {
    chosen.set(data.subarray(row * width, (row + 1) * width) as Float32Array, index * width);
  });
  return tf.tensor2d(chosen, [rows.length, width]);
}
