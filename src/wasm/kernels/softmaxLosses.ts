/** Fused kernels of the losses over logits: value and gradient in one pass over the rows. */
import type { FusedLossKernel, KernelInputs } from '../../backend.ts';
import { crossEntropy } from '../../losses/logits/crossEntropy.ts';
import { jensenShannon } from '../../losses/logits/jensenShannon.ts';
import { klDivergence } from '../../losses/logits/klDivergence.ts';
import { softCrossEntropy } from '../../losses/logits/softCrossEntropy.ts';
import type { WasmTensor } from '../tensors.ts';
import { type KernelHost, type RowPass, type RowSettings, rowLossKernel } from './rows.ts';

interface Softened extends RowSettings {
  readonly temperature: number;
  readonly scaleByTemperatureSquared: boolean;
}

/** The arguments that the two-sided kernels share; `shape` stands between the sizes and the temperature. */
function pairArguments(
  { temperature, scaleByTemperatureSquared }: Softened,
  { teacherLogits, studentLogits }: KernelInputs<WasmTensor>,
  pass: RowPass,
  ...shape: readonly number[]
): readonly number[] {
  const factor = scaleByTemperatureSquared ? temperature ** 2 : 1;
  const logits = [pass.ofLogits(teacherLogits), pass.ofLogits(studentLogits), pass.rows, pass.classes];
  const weighting = [pass.weights, pass.scale];
  return [...logits, ...shape, temperature, factor, ...weighting, pass.values, pass.gradient, pass.scratch];
}

/** Kernels of `klDivergence`, `softCrossEntropy`, `jensenShannon` and `crossEntropy`. */
export function softmaxLossKernels(host: KernelHost): readonly FusedLossKernel<WasmTensor>[] {
  return [
    rowLossKernel<Softened & { readonly direction: 'forward' | 'reverse' }>(
      host,
      'klDivergence',
      klDivergence,
      ({ direction }) => (direction === 'forward' ? 'forwardDivergence' : 'reverseDivergence'),
      (options, inputs, pass) => [
        ...pairArguments(options, inputs, pass),
        ...(options.direction === 'forward' ? [0] : []),
      ],
    ),
    rowLossKernel<Softened>(
      host,
      'softCrossEntropy',
      softCrossEntropy,
      'forwardDivergence',
      (options, inputs, pass) => [...pairArguments(options, inputs, pass), 1],
    ),
    rowLossKernel<Softened & { readonly beta: number }>(
      host,
      'jensenShannon',
      jensenShannon,
      'jensenShannon',
      (options, inputs, pass) => pairArguments(options, inputs, pass, options.beta),
    ),
    rowLossKernel<RowSettings & { readonly labelSmoothing: number }>(
      host,
      'crossEntropy',
      crossEntropy,
      'crossEntropy',
      ({ labelSmoothing }, { studentLogits, labels }, pass) => [
        pass.ofLogits(studentLogits),
        pass.ofRows(labels),
        pass.rows,
        pass.classes,
        labelSmoothing,
        pass.weights,
        pass.scale,
        pass.values,
        pass.gradient,
        pass.scratch,
      ],
    ),
  ];
}
