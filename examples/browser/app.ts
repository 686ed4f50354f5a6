/**
 * Distils a perceptron in the browser from a convolutional teacher's answers, which `build.ts` wrote down: tfjs's optimizer
 * over `tfjsLoss`, on WebGPU with this library's kernels, on WebAssembly where there is no WebGPU; and shows what the student
 * takes from its teacher, while it does. `?steps=…&batch=…&every=…&backend=wasm` in the address sets them.
 */
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import {
  calibrationError,
  confidenceDeviationOn,
  crossEntropy,
  errorOverlap,
  evaluateOn,
  klDivergence,
  measureOn,
  weightedSum,
} from 'dark-knowledge';
import {
  confidenceScatter,
  errorOverlapBars,
  lossCurves,
  reliabilityDiagram,
  type StepRecord,
} from 'dark-knowledge/figures';
import { tfjsBackend, tfjsLoss } from 'dark-knowledge/tfjs';
import { createPerceptron } from '../mnist/layers.ts';
import { drawFigure, show } from './show.ts';

const pixels = 784;

/** Files as they were fetched: bytes of pixels and labels, and the teacher's logits. */
interface Files {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
  readonly teacher: Float32Array;
}

/** A batch as tensors. */
interface Batch {
  readonly images: tf.Tensor2D;
  readonly labels: tf.Tensor1D;
  readonly teacherLogits: tf.Tensor2D;
}

const objective = weightedSum({
  task: { loss: crossEntropy(), weight: 0.3 },
  distillation: { loss: klDivergence({ temperature: 4 }), weight: 0.7 },
});

/** WebGPU where the browser gives an adapter, else WebAssembly. */
async function prepareBackend(wanted: string | null): Promise<string> {
  setWasmPaths('./');
  const adapter = wanted === 'wasm' ? null : ((await navigator.gpu?.requestAdapter()) ?? null);
  if (adapter === null || !(await tf.setBackend('webgpu'))) await tf.setBackend('wasm');
  await tf.ready();
  return tf.getBackend();
}

async function bytes(path: string): Promise<ArrayBuffer> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.arrayBuffer();
}

async function load(name: string): Promise<Files> {
  const [images, labels, teacher] = await Promise.all(
    ['images', 'labels', 'teacher'].map((kind) => bytes(`${name}-${kind}.bin`)),
  );
  return { images: new Uint8Array(images!), labels: new Uint8Array(labels!), teacher: new Float32Array(teacher!) };
}

function take({ images, labels, teacher }: Files, start: number, count: number): Batch {
  const values = Float32Array.from(images.subarray(start * pixels, (start + count) * pixels), (value) => value / 255);
  return {
    images: tf.tensor2d(values, [count, pixels]),
    labels: tf.tensor1d(Int32Array.from(labels.subarray(start, start + count)), 'int32'),
    teacherLogits: tf.tensor2d(teacher.slice(start * 10, (start + count) * 10), [count, 10]),
  };
}

async function main(): Promise<void> {
  const query = new URLSearchParams(location.search);
  const steps = Number(query.get('steps') ?? 600);
  const batchSize = Number(query.get('batch') ?? 64);
  const reportEvery = Number(query.get('every') ?? 20);
  const name = await prepareBackend(query.get('backend'));
  const backend = tfjsBackend();
  show('status', `Training on tfjs ${name} …`);

  const [train, held] = await Promise.all([load('train'), load('test')]);
  const student = createPerceptron({ seed: 1, widths: [pixels, 64, 10] });
  const test = take(held, 0, held.labels.length);
  const loss = tfjsLoss(objective);
  const optimizer = tf.train.adam(0.003);
  const losses: StepRecord[] = [];
  const accuracies: StepRecord[] = [];

  const calibrationOf = (logits: tf.Tensor2D) =>
    measureOn(backend, calibrationError({ bins: 10 }), { logits, labels: test.labels });
  const teacher = await calibrationOf(test.teacherLogits);
  show('teacher', teacher.accuracy.toFixed(3));

  /** What the loss is on a batch, and how right and how sure the student is on the test images. */
  async function report(step: number, { images, labels, teacherLogits }: Batch): Promise<void> {
    const studentLogits = tf.tidy(() => student.apply(images).logits);
    const { value, terms } = evaluateOn(backend, objective, { studentLogits, teacherLogits, labels });
    const numbers: Record<string, number> = {};
    for (const [term, tensor] of Object.entries(terms)) numbers[term] = (await tensor.data())[0]!;
    const logits = tf.tidy(() => student.apply(test.images).logits);
    const calibration = await calibrationOf(logits);
    tf.dispose([value, studentLogits, logits, ...Object.values(terms)]);

    losses.push({ step, terms: numbers });
    accuracies.push({ step, terms: { student: calibration.accuracy } });
    show('step', String(step));
    show('accuracy', calibration.accuracy.toFixed(3));
    show('calibration', calibration.expected.toFixed(4));
    for (const [term, number] of Object.entries(numbers)) show(term, number.toFixed(4));
    await drawFigure('losses', (options) => lossCurves(losses, options));
    await drawFigure('curve', (options) =>
      lossCurves(accuracies, {
        ...options,
        title: "The student's accuracy beside its teacher's",
        valueTitle: 'accuracy on test images',
        references: { teacher: teacher.accuracy },
      }),
    );
    await drawFigure('reliability', (options) => reliabilityDiagram({ teacher, student: calibration }, options));
  }

  /** What the trained student took from its teacher: its errors and its confidence, row by row. */
  async function compare(): Promise<void> {
    const studentLogits = tf.tidy(() => student.apply(test.images).logits);
    const { labels, teacherLogits } = test;
    const overlap = await measureOn(backend, errorOverlap({ models: ['teacher', 'student'] }), {
      labels,
      teacher: teacherLogits,
      student: studentLogits,
    });
    const fit = await confidenceDeviationOn(backend, { teacherLogits, studentLogits });
    tf.dispose(studentLogits);
    await drawFigure('overlap', (options) => errorOverlapBars(overlap, options));
    await drawFigure('confidence', (options) => confidenceScatter({ 'test images': fit }, options));
  }

  for (let step = 1; step <= steps; step++) {
    const start = ((step - 1) * batchSize) % (train.labels.length - batchSize + 1);
    const batch = take(train, start, batchSize);
    const { images, labels, teacherLogits } = batch;
    optimizer.minimize(
      () => loss({ studentLogits: student.apply(images).logits, teacherLogits, labels }),
      false,
      student.parameters(),
    );
    if (step % reportEvery === 0 || step === steps) await report(step, batch);
    tf.dispose([images, labels, teacherLogits]);
  }
  await compare();
  show('status', `Done on tfjs ${name}.`);
  const history = accuracies.map(({ terms }) => terms.student);
  const tensors = tf.memory().numTensors;
  Object.assign(globalThis, { report: { backend: name, history, teacher: teacher.accuracy, tensors } });
}

main().catch((error: unknown) => {
  show('status', `Failed: ${error instanceof Error ? error.message : String(error)}`);
  Object.assign(globalThis, { report: { error: String(error) } });
});
