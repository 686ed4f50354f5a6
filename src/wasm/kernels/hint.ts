/** Fused kernel of the hint loss without a regressor: squared differences and their gradient in one pass. */
import type { FusedLossKernel, KernelInputs } from '../../backend.ts';
import { type CheckedHintOptions, hint, hintRows } from '../../losses/features/hint.ts';
import type { WasmTensor } from '../tensors.ts';
import { rangesOver } from '../threads.ts';
import { type KernelHost, timesUpstream, valueTensor, withRowWeights } from './rows.ts';

/** Elements below which a part of its own costs more than it brings. */
const leastElements = 2 ** 17;

/** The kernel of `hint`. With a regressor the composite serves: there the matrix products decide the time. */
export function hintKernel(host: KernelHost): FusedLossKernel<WasmTensor> {
  const { store, threads } = host;

  function compute(options: object, inputs: KernelInputs<WasmTensor>, differentiate: boolean) {
    const checked = options as CheckedHintOptions;
    const { reduction } = checked;
    const { studentFeatures, teacherFeatures } = inputs;
    const { shape, storage } = studentFeatures!;
    // With weights for each position a row is a position, and positions lie one after the other.
    const samples = inputs.rowWeights?.storage.size ?? shape[0]!;
    const features = storage.size / samples;
    const student = store.pointerTo('hint', studentFeatures!);
    const teacher = store.pointerTo('hint', teacherFeatures!);
    const gradient = differentiate ? store.make(shape) : undefined;
    const total = withRowWeights(
      host,
      'hint',
      hintRows(checked),
      { rowWeights: inputs.rowWeights },
      samples,
      ({ weights, scale }) => {
        const factor = scale * (reduction === 'mean' ? 1 / features : 0.5);
        const into = gradient?.storage.pointer ?? 0;
        const ranges = rangesOver(threads, samples, storage.size, leastElements);
        const argumentLists = ranges.map(({ start, size }) => {
          const offset = start * features * 4;
          const gradientPart = into === 0 ? 0 : into + offset;
          const weightsPart = weights === 0 ? 0 : weights + start * 4;
          return [student + offset, teacher + offset, size, features, weightsPart, factor, gradientPart];
        });
        return threads.run('squaredDifference', argumentLists).reduce((sum, part) => sum + part, 0);
      },
    );
    return { value: valueTensor(store, total), gradient };
  }

  return {
    kind: 'loss',
    implements: hint,
    supports: (options) => (options as CheckedHintOptions).regressor === 'none',
    forward(options, inputs) {
      const { value, gradient } = compute(options, inputs, true);
      return { value, residuals: { gradient } };
    },
    backward: (_, { gradient }, upstream) => [timesUpstream(host, gradient as WasmTensor, upstream)],
    evaluate: (options, inputs) => compute(options, inputs, false).value,
  };
}
