/**
 * GPU kernels against the device's own copy bandwidth, tfjs-webgpu's composite and PyTorch on CUDA.
 *
 *     npm run bench:gpu            sizes by the device: small ones on a software driver
 *     npm run bench:gpu -- --full  the sizes of the targets, whatever the device
 *
 * Kernel times are timestamp queries; bytes are those of the buffers that a kernel reads and writes, each counted once. The
 * copy is an element-wise kernel over as many bytes, and copyBufferToBuffer by the clock; the faster one is the yardstick.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import {
  calibrationError,
  cka,
  contrastSampler,
  crd,
  crossEntropy,
  hint,
  klDivergence,
  measureOn,
  representationalSimilarity,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { tfjsBackend } from 'dark-knowledge/tfjs';
import { type WebgpuTensor, webgpuBackend } from 'dark-knowledge/webgpu';
import { openBenchDevice } from './gpu/device.ts';
import { median } from './measure.ts';

const { gpu, device, description, software } = await openBenchDevice();
const full = process.argv.includes('--full') || !software;
const size = full
  ? { rows: 8192, classes: 32000, batch: 256, negatives: 16384, bank: 1281167, dimension: 128, matrix: 4096 }
  : { rows: 64, classes: 2000, batch: 8, negatives: 512, bank: 4096, dimension: 128, matrix: 256 };
const repeats = software ? 3 : 20;
const temperature = 4;

console.log(`Device: ${description}`);
if (software) {
  console.log('This is a software driver: the numbers compare code paths on a processor and say nothing of a GPU.');
}

const backend = webgpuBackend(device, { profile: device.features.has('timestamp-query') });

/** Numbers made on the device: sin of whole numbers would need an upload as large as the tensor. */
function noise(shape: readonly number[]): WebgpuTensor {
  const length = Math.min(65536, shape.at(-1)!);
  const row = backend.fromHost({
    data: Float32Array.from({ length }, (_, at) => 3 * Math.sin(at * 12.9898)),
    shape: [length],
  });
  const rows = shape.slice(0, -1).reduce((count, extent) => count * extent, 1);
  const column = backend.fromHost({
    data: Float32Array.from({ length: rows }, (_, at) => Math.cos(at * 78.233)),
    shape: [...shape.slice(0, -1), 1],
  });
  return backend.multiply(column, row);
}

interface Measured {
  readonly milliseconds: number;
  readonly bytes: number;
  readonly kernels: string;
}

/** The median time of `compute`'s kernels, or those that `counts` names. */
async function profile(compute: () => unknown, counts: (kernel: string) => boolean = () => true): Promise<Measured> {
  const runs: Measured[] = [];
  for (let repeat = 0; repeat <= repeats; repeat++) {
    await backend.timings();
    await backend.scope(compute);
    const timings = (await backend.timings()).filter(({ kernel }) => counts(kernel));
    if (repeat === 0) continue;
    runs.push({
      milliseconds: timings.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0) / 1e6,
      bytes: timings.reduce((sum, { bytes }) => sum + bytes, 0),
      kernels: [...new Set(timings.map(({ kernel }) => kernel))].join(', '),
    });
  }
  return { ...runs[0]!, milliseconds: median(runs.map(({ milliseconds }) => milliseconds)) };
}

/** Seconds by the clock until the queue is empty. */
async function clock(target: GPUDevice, compute: () => unknown): Promise<number> {
  const seconds: number[] = [];
  for (let repeat = 0; repeat <= repeats; repeat++) {
    await target.queue.onSubmittedWorkDone();
    const start = performance.now();
    await compute();
    await target.queue.onSubmittedWorkDone();
    if (repeat > 0) seconds.push((performance.now() - start) / 1000);
  }
  return median(seconds);
}

const results: Record<string, unknown>[] = [];
let copyBandwidth = 0;

function report(name: string, { milliseconds, bytes, kernels }: Measured, extra = ''): void {
  const bandwidth = bytes / (milliseconds / 1e3);
  const share = copyBandwidth > 0 ? `${((100 * bandwidth) / copyBandwidth).toPrecision(2)} % of copy` : '';
  console.log(
    `${name.padEnd(44)} ${milliseconds.toFixed(3).padStart(10)} ms ${(bytes / 1e6).toFixed(1).padStart(9)} MB ` +
      `${(bandwidth / 1e9).toPrecision(3).padStart(8)} GB/s  ${share} ${extra}`,
  );
  results.push({
    name,
    milliseconds,
    bytes,
    kernels,
    shareOfCopy: copyBandwidth > 0 ? bandwidth / copyBandwidth : null,
  });
}

/** The same device without the fused kernels. */
const withoutKernels = Object.create(backend, { fusedKernels: { value: [] } }) as typeof backend;

/** Reports a computation by its kernels, with the time that the composite takes on the same device beside it. */
async function reportBeside(name: string, compute: (on: typeof backend) => unknown): Promise<void> {
  const fused = await profile(() => compute(backend));
  const composed = await profile(() => compute(withoutKernels));
  const ratio = composed.milliseconds / fused.milliseconds;
  const extra = `composite ${composed.milliseconds.toFixed(3)} ms, ${ratio.toPrecision(3)} ×`;
  report(name, fused, extra);
  results.push({ name: `${name}, composite`, ...composed });
}

const { rows, classes } = size;
const studentLogits = noise([rows, classes]);
const teacherLogits = backend.abs(studentLogits);
const labels = backend.fromHost({
  data: Float32Array.from({ length: rows }, (_, row) => (row * 31) % classes),
  shape: [rows],
});

const copyKernel = await profile(() => backend.abs(studentLogits));
const source = backend.bufferOf(studentLogits);
const target = device.createBuffer({ size: source.size, usage: 0x8 });
const copySeconds = await clock(device, () => {
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(source, 0, target, 0, source.size);
  device.queue.submit([encoder.finish()]);
});
target.destroy();
const copyBytes = 2 * source.size;
report('copy by a kernel', copyKernel);
report('copyBufferToBuffer (by the clock)', { milliseconds: copySeconds * 1e3, bytes: copyBytes, kernels: 'copy' });
copyBandwidth = Math.max(copyKernel.bytes / (copyKernel.milliseconds / 1e3), copyBytes / copySeconds);

const kl = klDivergence({ temperature });
const ofKl = await profile(() => valueAndGradientsOn(backend, kl, { studentLogits, teacherLogits }));
report(`KL value + gradient, ${rows} × ${classes}`, ofKl);
const reverse = klDivergence({ temperature, direction: 'reverse' });
report(
  'reverse KL value + gradient',
  await profile(() => valueAndGradientsOn(backend, reverse, { studentLogits, teacherLogits })),
);
report(
  'cross-entropy value + gradient',
  await profile(() => valueAndGradientsOn(backend, crossEntropy(), { studentLogits, labels })),
);
report(
  'hint value + gradient',
  await profile(() =>
    valueAndGradientsOn(backend, hint(), { studentFeatures: studentLogits, teacherFeatures: teacherLogits }),
  ),
);
report(
  'calibration statistics',
  await profile(() => measureOn(backend, calibrationError(), { logits: studentLogits, labels })),
);

const similar = full ? { samples: 8192, x: 1024, y: 512 } : { samples: 256, x: 256, y: 128 };
const activations = { x: noise([similar.samples, similar.x]), y: noise([similar.samples, similar.y]) };
const described = `${similar.samples} × ${similar.x} and ${similar.y}`;
await reportBeside(`CKA by features, ${described}`, (on) => measureOn(on, cka({ form: 'features' }), activations));
await reportBeside('CKA by Gram matrices', (on) => measureOn(on, cka({ form: 'gram' }), activations));
await reportBeside('CKA, RBF', (on) => measureOn(on, cka({ kernel: 'rbf' }), activations));
await reportBeside('representational similarity', (on) => measureOn(on, representationalSimilarity(), activations));

const scored = full ? { rows: 8192, classes: 1000 } : { rows: 512, classes: 100 };
const scores = noise([scored.rows, scored.classes]);
const answers = backend.fromHost({
  data: Float32Array.from({ length: scored.rows }, (_, row) => (row * 31) % scored.classes),
  shape: [scored.rows],
});
await reportBeside(`classwise calibration, ${scored.rows} × ${scored.classes}`, (on) =>
  measureOn(on, calibrationError({ over: 'classwise' }), { logits: scores, labels: answers }),
);

const hinted = full ? { batch: 64, from: 128, to: 256, side: 28 } : { batch: 4, from: 128, to: 256, side: 8 };
const hintParameters = {
  regressorWeight: noise([hinted.from, hinted.to]),
  regressorBias: backend.reshape(noise([1, hinted.to]), [hinted.to]),
};
for (const layout of ['channelsLast', 'channelsFirst'] as const) {
  const { batch, side } = hinted;
  const shapeOf = (channels: number) =>
    layout === 'channelsLast' ? [batch, side, side, channels] : [batch, channels, side, side];
  const inputs = {
    studentFeatures: noise(shapeOf(hinted.from)),
    teacherFeatures: noise(shapeOf(hinted.to)),
    ...hintParameters,
  };
  const loss = hint({ regressor: 'convolution', layout });
  const extents = `${batch} × ${side}² × ${hinted.from} → ${hinted.to}`;
  report(`hint, ${layout}, ${extents}`, await profile(() => valueAndGradientsOn(backend, loss, inputs)));
}

// The bank's rows are counted as often as they are read: that is the traffic of a gather.
const { batch, negatives, bank, dimension } = size;
const features = noise([batch, 64]);
const projection = noise([64, dimension]);
const bias = noise([1, dimension]);
const memory = noise([bank, dimension]);
const contrast = {
  studentFeatures: features,
  teacherFeatures: features,
  studentProjectionWeight: projection,
  teacherProjectionWeight: projection,
  studentProjectionBias: backend.reshape(bias, [dimension]),
  teacherProjectionBias: backend.reshape(bias, [dimension]),
  studentBank: memory,
  teacherBank: memory,
};
const sampler = contrastSampler({
  labels: Int32Array.from({ length: bank }, (_, row) => row % 1000),
  count: negatives,
  seed: 1,
});
const samples = Int32Array.from({ length: batch }, (_, at) => (at * 4999) % bank);
const drawn = (step: number) => sampler.sampleOn(backend, samples, step);
const uploaded = (step: number) => {
  const { positiveIndices, contrastIndices } = sampler.sample(samples, step);
  return { positiveIndices: backend.fromHost(positiveIndices), contrastIndices: backend.fromHost(contrastIndices) };
};
const crdSeconds: Record<string, number> = {};
for (const [how, draws, bytesOfIndex] of [
  ['drawn in the kernel', drawn, 0],
  ['from an uploaded table', uploaded, 4],
] as const) {
  let step = 0;
  const compute = () =>
    valueAndGradientsOn(backend, crd({ normalization: 'paper' }), { ...contrast, ...draws(step++) });
  const ofCrd = await profile(compute, (kernel) => kernel.startsWith('crd contrast'));
  report(`CRD, ${batch} × ${negatives} of ${bank} × ${dimension}, ${how}`, {
    ...ofCrd,
    bytes: 2 * batch * negatives * (4 * dimension + bytesOfIndex),
  });
  crdSeconds[how] = await clock(device, () => {
    backend.scope(() => void compute());
    backend.submit();
  });
}
console.log('CRD, a whole step by the clock, with its draws:');
for (const [how, seconds] of Object.entries(crdSeconds)) console.log(`  ${how} ${(seconds * 1e3).toFixed(2)} ms`);
console.log(`  upload saved: ${((4 * batch * negatives - 16 * batch) / 1e6).toFixed(2)} MB a step`);

const { matrix } = size;
const [left, right] = [noise([matrix, matrix]), noise([matrix, matrix])];
const ofMatMul = await profile(() => backend.matMul(left, right));
const teraflops = (2 * matrix ** 3) / (ofMatMul.milliseconds / 1e3) / 1e12;
report(`matMul ${matrix} × ${matrix}`, ofMatMul, `${teraflops.toPrecision(3)} Tflop/s`);

// tfjs on the same GPU object: its own kernels composed, and this library's programs on its tensors.
Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true });
await import('@tensorflow/tfjs-backend-webgpu');
await tf.setBackend('webgpu');
await tf.ready();
const tfjsDevice = (tf.backend() as unknown as { readonly device: GPUDevice }).device;
const fused = tfjsBackend();
const composite = Object.create(fused, { fusedKernels: { value: [] } }) as typeof fused;
const given = tf.tidy(() => ({
  studentLogits: tf.randomUniform([rows, classes], -3, 3),
  teacherLogits: tf.randomUniform([rows, classes], -3, 3),
}));
const onTfjs = (which: typeof fused) =>
  clock(tfjsDevice, async () => {
    const { value, gradients } = valueAndGradientsOn(which, kl, given);
    await value.data();
    tf.dispose([value, gradients.studentLogits]);
  });
const ours = await clock(device, async () => {
  const { value, gradients } = valueAndGradientsOn(backend, kl, { studentLogits, teacherLogits });
  await backend.read(value);
  backend.dispose(value);
  backend.dispose(gradients.studentLogits);
});
const ofComposite = await onTfjs(composite);
const ofFused = await onTfjs(fused);
console.log(`\nKL value + gradient by the clock, the value read: webgpu ${(ours * 1e3).toFixed(2)} ms`);
console.log(`  fused on tfjs ${(ofFused * 1e3).toFixed(2)} ms, tfjs's composite ${(ofComposite * 1e3).toFixed(2)} ms`);
console.log(`  ${(ofComposite / ours).toFixed(1)} × tfjs's composite (target on a GPU: 5)`);

const torch = (() => {
  try {
    const script = fileURLToPath(new URL('./gpu/torch_kl.py', import.meta.url));
    return execFileSync('python3', [script, `${rows}`, `${classes}`, `${temperature}`], { encoding: 'utf8' }).trim();
  } catch (error) {
    return JSON.stringify({ missing: error instanceof Error ? error.message.split('\n')[0] : String(error) });
  }
})();
console.log(`PyTorch on CUDA: ${torch}`);

const folder = new URL('./results/', import.meta.url);
mkdirSync(folder, { recursive: true });
const klSeconds = { ours, ofComposite, ofFused };
const summary = { description, software, size, copyBandwidth, results, klSeconds, crdSeconds };
writeFileSync(new URL('gpu.json', folder), `${JSON.stringify({ ...summary, torch: JSON.parse(torch) }, null, 2)}\n`);
device.destroy();
