/** Fused kernel of the hint loss without a regressor: squared differences and their gradient in one pass. */
import type { FusedLossKernel, KernelInputs } from '../../backend.ts';
import { hint } from '../../losses/features/hint.ts';
import type { CheckedRowOptions } from '../../ops/rowReduction.ts';
import type { WasmTensor } from '../tensors.ts';
import { type KernelHost, timesUpstream, valueTensor, withRowWeights } from './rows.ts';

interface HintSettings {
  readonly reduction: 'mean' | 'halfSum';
  readonly regressor: string;
  readonly rows: CheckedRowOptions;
}

/** The kernel of `hint`. With a regressor the composite serves: there the matrix products decide the time. */
export function hintKernel(host: KernelHost): FusedLossKernel<WasmTensor> {
  const { kernels, store } = host;

  function compute(options: object, inputs: KernelInputs<WasmTensor>, differentiate: boolean) {
    const { reduction, rows } = options as HintSettings;
    const { studentFeatures, teacherFeatures } = inputs;
    const { shape, storage } = studentFeatures!;
    const samples = shape[0]!;
    const features = storage.size / samples;
    const student = store.pointerTo('hint', studentFeatures!);
    const teacher = store.pointerTo('hint', teacherFeatures!);
    const gradient = differentiate ? store.make(shape) : undefined;
    const total = withRowWeights(
      host,
      'hint',
      rows,
      { rowWeights: inputs.rowWeights },
      samples,
      ({ weights, scale }) => {
        const factor = scale * (reduction === 'mean' ? 1 / features : 0.5);
        const into = gradient?.storage.pointer ?? 0;
        return kernels.squaredDifference(student, teacher, samples, features, weights, factor, into);
      },
    );
    return { value: valueTensor(store, total), gradient };
  }

  return {
    kind: 'loss',
    implements: hint,
    supports: (options) => (options as HintSettings).regressor === 'none',
    forward(options, inputs) {
      const { value, gradient } = compute(options, inputs, true);
      return { value, residuals: { gradient } };
    },
    backward: (_, { gradient }, upstream) => [timesUpstream(host, gradient as WasmTensor, upstream)],
    evaluate: (options, inputs) => compute(options, inputs, false).value,
  };
}
