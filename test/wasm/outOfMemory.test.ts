/** Memory may run out at any request for it. What a step has made by then is nobody's, and must go. */
import {
  type AnyLoss,
  type AnyMetric,
  attentionMse,
  calibrationError,
  cka,
  crd,
  crossEntropy,
  klDivergence,
  measureOn,
  pixelwiseDivergence,
  procrustesDistance,
  representationalSimilarity,
  similarityPreserving,
  universalLogitDistance,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { describe, expect, it, vi } from 'vitest';
import { lossKernels, metricKernels } from '../../src/wasm/kernels/index.ts';
import { openWasm, type WasmParts } from '../../src/wasm/wasmBackend.ts';
import { crdFixture } from '../support/crdFixture.ts';

const wave = (shape: readonly number[], phase = 0) => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { data: Float32Array.from({ length: size }, (_, at) => 3 * Math.sin(at * 1.7 + phase)), shape };
};
const logits = { studentLogits: wave([24, 5]), teacherLogits: wave([24, 5], 1) };
const labels = { data: Int32Array.from({ length: 24 }, (_, row) => row % 5), shape: [24] };
const labelled = { logits: logits.studentLogits, labels };
const features = { studentFeatures: wave([24, 6]), teacherFeatures: wave([24, 7], 1) };
const maps = (channels: number) => ({
  studentFeatures: wave([2, channels, 30]),
  teacherFeatures: wave([2, channels, 30], 1),
});
const attention = { studentAttention: wave([2, 3, 4, 4]), teacherAttention: wave([2, 3, 4, 4], 1) };
const models = { x: wave([24, 6]), y: wave([24, 7], 1) };
const { inputs, banks, contrastIndices, cases } = crdFixture;
const contrast = {
  ...inputs,
  ...banks,
  positiveIndices: cases[0]!.positiveIndices,
  contrastIndices,
  studentLogPartition: cases[0]!.logPartitions[0],
  teacherLogPartition: cases[0]!.logPartitions[1],
};

type Step = (parts: WasmParts) => unknown;
const lossStep =
  (loss: AnyLoss, given: object): Step =>
  ({ backend }) =>
    backend.scope(() => {
      const { value, gradients } = valueAndGradientsOn(backend, loss, given as never);
      return [value, ...Object.values(gradients)].map((tensor) => backend.readSync(tensor));
    });
const metricStep =
  (metric: AnyMetric, given: object): Step =>
  ({ backend }) =>
    measureOn(backend, metric, given as never);

const channelsFirst = pixelwiseDivergence({ layout: 'channelsFirst' });
const steps: Readonly<Record<string, Step>> = {
  klDivergence: lossStep(klDivergence(), logits),
  crossEntropy: lossStep(crossEntropy(), { studentLogits: logits.studentLogits, labels }),
  'pixelwiseDivergence, whose rows lie across memory': lossStep(channelsFirst, maps(9)),
  'pixelwiseDivergence, whose rows are transposed': lossStep(channelsFirst, maps(300)),
  similarityPreserving: lossStep(similarityPreserving(), features),
  'universalLogitDistance, which sorts': lossStep(universalLogitDistance(), logits),
  'attentionMse, which sums over a middle axis': lossStep(attentionMse(), attention),
  crd: lossStep(crd({ temperature: 0.1 }), contrast),
  calibrationError: metricStep(calibrationError(), labelled),
  'calibrationError over classes': metricStep(calibrationError({ over: 'classwise' }), labelled),
  cka: metricStep(cka(), models),
  'cka by Gram matrices': metricStep(cka({ form: 'gram' }), models),
  representationalSimilarity: metricStep(representationalSimilarity(), models),
  procrustesDistance: metricStep(procrustesDistance(), models),
};

describe('memory that runs out at any request', () => {
  const parts = openWasm((host) => [...lossKernels(host), ...metricKernels(host)]);
  const { arena } = parts.store;

  for (const [name, step] of Object.entries(steps)) {
    it(`of ${name} leaves nothing behind, and the next call is sound`, async () => {
      const taken = () => [parts.backend.byteCount(), parts.backend.tensorCount(), parts.store.count()];
      const sound = await step(parts);
      const before = taken();
      const allocate = arena.allocate.bind(arena);
      let requests = 0;
      for (let missing = 0, failed = true; failed; missing++) {
        requests = 0;
        const spy = vi.spyOn(arena, 'allocate').mockImplementation((bytes) => {
          if (requests++ === missing) throw new RangeError('no memory');
          return allocate(bytes);
        });
        failed = await Promise.resolve()
          .then(() => step(parts))
          .then(
            () => false,
            (error: Error) => error.message === 'no memory',
          );
        spy.mockRestore();
        expect(taken(), `without request ${missing}`).toEqual(before);
      }
      expect(requests).toBeGreaterThan(2);
      expect(await step(parts)).toEqual(sound);
    });
  }
});
