/**
 * Contrastive representation distillation with a memory bank on MNIST, beside KL and hint, at the settings of Ojha and
 * others, "What knowledge gets distilled in knowledge distillation?" (2023), appendix A. The teacher is the committed
 * convolutional network, the students are multilayer perceptrons from the same initial weights.
 *
 *     npx tsx examples/mnist/crd.ts
 *     npx tsx examples/mnist/crd.ts --images 60000 --epochs 14
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import {
  type AnyLoss,
  accuracy,
  agreement,
  ContrastiveMemoryOn,
  cka,
  contrastSampler,
  crd,
  crossEntropy,
  deriveSeed,
  type HostTensor,
  hint,
  initializeCrd,
  initializeHintRegressor,
  klDivergence,
  measure,
  randomPermutation,
  weightedSum,
} from 'dark-knowledge';
import { tfjsBackend, tfjsLoss } from 'dark-knowledge/tfjs';
import { concludeMethods, type MethodFinding } from './conclusion.ts';
import { loadMnist, makeTestSets, pixelsPerImage, selectExamples } from './data.ts';
import { createPerceptron, type Model } from './layers.ts';
import { type Outputs, outputsOf } from './outputs.ts';
import { preparePlatform, progressLine } from './platform.ts';
import { table } from './report.ts';
import { loadTeacher } from './teacher.ts';

const { values: flags } = parseArgs({
  options: {
    images: { type: 'string', default: '8000' },
    epochs: { type: 'string', default: '3' },
    'test-images': { type: 'string', default: '2000' },
    seed: { type: 'string', default: '0' },
  },
});
const [imageCount, epochs, testCount, seed] = [flags.images, flags.epochs, flags['test-images'], flags.seed].map(
  Number,
) as [number, number, number, number];
const batchSize = 64;
const learningRate = 1e-3;
const dimension = 128;

const started = Date.now();
const seconds = (): string => `${Math.round((Date.now() - started) / 1000)} s`;
const progress = progressLine();
await preparePlatform();
const backend = tfjsBackend();

const mnist = loadMnist();
const first = (count: number) => Array.from({ length: count }, (_, index) => index);
const train = selectExamples(mnist.train, first(Math.min(imageCount, mnist.train.count)));
const testSets = makeTestSets(selectExamples(mnist.test, first(Math.min(testCount, mnist.test.count))), seed);

const teacher = await loadTeacher();
const taught = await outputsOf(teacher, train, (done) => progress(`Teacher: ${done}/${train.count} training images`));
progress(`The teacher's outputs on ${train.count} training images are ready (${seconds()})`, true);
const teacherWidth = taught.features.shape[1]!;
const studentWidth = 32;

type Batch = Readonly<Record<string, tf.Tensor>>;

/** A way of training a student: its objective, and what is trained along with the student. */
interface Method {
  readonly loss: AnyLoss<'scalar'>;
  readonly parameters: Readonly<Record<string, tf.Variable>>;
  /** More inputs of the loss, for the training images at `rows`. */
  readonly draw?: (rows: Int32Array, step: number) => Readonly<Record<string, tf.Tensor | HostTensor>>;
  /** Before the first step. */
  readonly begin?: (batch: Batch, draws: Readonly<Record<string, tf.Tensor | HostTensor>>) => void;
  /** After each step's gradients, before the parameters change. */
  readonly finish?: (rows: Int32Array, batch: Batch) => void;
  readonly dispose?: () => void;
}

const variables = (initial: object): Record<string, tf.Variable> =>
  Object.fromEntries(
    (Object.entries(initial) as [string, HostTensor][]).map(([name, { data, shape }]) => [
      name,
      tf.variable(tf.tensor(data as Float32Array, shape as number[])),
    ]),
  );

const task = { loss: crossEntropy(), weight: 1 };
const methods: Readonly<Record<string, () => Method>> = {
  independent: () => ({ loss: crossEntropy() as unknown as AnyLoss<'scalar'>, parameters: {} }),
  KL: () => ({
    loss: weightedSum({
      task: { loss: crossEntropy(), weight: 0.1 },
      distillation: { loss: klDivergence({ temperature: 8 }), weight: 0.9 },
    }) as unknown as AnyLoss<'scalar'>,
    parameters: {},
  }),
  hint: () => ({
    loss: weightedSum({
      task,
      hint: { loss: hint({ regressor: 'linear' }), weight: 2 },
    }) as unknown as AnyLoss<'scalar'>,
    parameters: variables(
      initializeHintRegressor({ studentFeatures: studentWidth, teacherFeatures: teacherWidth, seed }),
    ),
  }),
  CRD: () => {
    const contrast = crd({ temperature: 0.1 });
    const memory = ContrastiveMemoryOn(backend, { size: train.count, dimension, seed });
    const sampler = contrastSampler({ labels: train.labels, count: 32, seed });
    const parameters = variables(
      initializeCrd({ studentFeatures: studentWidth, teacherFeatures: teacherWidth, dimension, seed }),
    );
    return {
      loss: weightedSum({ task, contrast: { loss: contrast, weight: 0.1 } }) as unknown as AnyLoss<'scalar'>,
      parameters,
      draw: (rows, step) => ({ ...sampler.sample(rows, step), ...memory.tensors() }),
      begin: (batch, draws) => memory.estimatePartitions(contrast, { ...batch, ...parameters, ...draws } as never),
      finish: (rows, batch) => memory.update({ ...batch, ...parameters, indices: rows } as never),
      dispose: () => memory.dispose(),
    };
  },
};

async function trainStudent(name: string): Promise<Model> {
  const student = createPerceptron({
    seed: deriveSeed(seed, 100),
    widths: [pixelsPerImage, 512, 128, studentWidth, 10],
  });
  const method = methods[name]!();
  const lossOf = tfjsLoss(method.loss) as (inputs: object, context: object) => tf.Scalar;
  const trained = [...student.parameters(), ...Object.values(method.parameters)];
  const optimizer = tf.train.adam(learningRate);
  const stepsInEpoch = Math.floor(train.count / batchSize);
  for (let step = 0; step < epochs * stepsInEpoch; step++) {
    const epoch = Math.floor(step / stepsInEpoch);
    const at = (step % stepsInEpoch) * batchSize;
    const rows = randomPermutation(deriveSeed(seed, 200 + epoch), train.count).subarray(at, at + batchSize);
    const chosen = selectExamples(train, rows);
    const images = tf.tensor2d(chosen.images, [batchSize, pixelsPerImage]);
    const known: Record<string, tf.Tensor> = {
      labels: tf.tensor1d(chosen.labels, 'int32'),
      teacherLogits: rowsOf(taught.logits, rows),
      teacherFeatures: rowsOf(taught.features, rows),
    };
    if (step === 0 && method.begin) {
      const { features } = tf.tidy(() => ({ features: student.apply(images).features }));
      method.begin({ ...known, studentFeatures: features }, method.draw?.(rows, step) ?? {});
      features.dispose();
    }
    const draws = method.draw?.(rows, step) ?? {};
    let studentFeatures: tf.Tensor | undefined;
    const { value, grads } = tf.variableGrads(() => {
      const { logits, features } = student.apply(images);
      // Kept for the memory, which takes in the embeddings that the loss was computed with.
      studentFeatures = tf.keep(features);
      return lossOf({ ...known, ...draws, ...method.parameters, studentLogits: logits, studentFeatures }, { step });
    }, trained);
    method.finish?.(rows, { ...known, studentFeatures: studentFeatures! });
    optimizer.applyGradients(grads as Record<string, tf.Variable>);
    progress(`${name}: step ${step + 1}/${epochs * stepsInEpoch}, loss ${(await value.data())[0]!.toFixed(3)}`);
    tf.dispose([images, known, grads, value, studentFeatures!]);
  }
  optimizer.dispose();
  method.dispose?.();
  tf.dispose(method.parameters);
  progress(`${name}: trained (${seconds()})`, true);
  return student;
}

function rowsOf({ data, shape: [, width = 1] }: HostTensor, rows: Int32Array): tf.Tensor2D {
  const selected = new Float32Array(rows.length * width);
  rows.forEach((row, index) => {
    selected.set(data.subarray(row * width, (row + 1) * width), index * width);
  });
  return tf.tensor2d(selected, [rows.length, width]);
}

interface Row extends MethodFinding {
  readonly cells: readonly string[];
}

async function study(method: string, model: Pick<Model, 'apply'>, reference: readonly Outputs[]): Promise<Row> {
  const cells: string[] = [];
  const right: Record<string, number> = {};
  const sets = Object.entries(testSets);
  for (const [index, [name, set]] of sets.entries()) {
    const { logits } = await outputsOf(model, set);
    right[name] = measure(accuracy(), { logits, labels: set.labels }).value;
    cells.push(right[name].toFixed(3));
    const same = measure(agreement(), { studentLogits: logits, teacherLogits: reference[index]!.logits });
    cells.push(same.value.toFixed(3));
  }
  const { features } = await outputsOf(model, sets[0]![1]);
  const { value } = measure(cka({ debiased: true }), { x: features, y: reference[0]!.features });
  cells.push(value.toFixed(3));
  return { method, cells, accuracy: right, cka: value };
}

const reference: Outputs[] = [];
for (const set of Object.values(testSets)) reference.push(await outputsOf(teacher, set));
const rows = [await study('teacher', teacher, reference)];
for (const name of Object.keys(methods)) rows.push(await study(name, await trainStudent(name), reference));

const sets = Object.keys(testSets);
console.log(
  `\nMNIST, ${train.count} training images × ${epochs} epochs, one trial: accuracy and agreement with the teacher\n` +
    `on three test sets of ${testSets.mnist.count} images, debiased CKA of the features with the teacher's on MNIST\n\n` +
    table(
      ['', ...sets.flatMap((set) => [set, 'agrees']), 'CKA'],
      rows.map(({ method, cells }) => [method, ...cells]),
    ),
);
console.log(`\n${concludeMethods(rows, testSets.mnist.count)}`);
console.log(`\nFinished in ${seconds()}.`);
