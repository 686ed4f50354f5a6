/** Fused kernels of the losses over logits: value and gradient in one pass over the rows. */
import type { FusedLossKernel } from '../../backend.ts';
import { crossEntropy } from '../../losses/logits/crossEntropy.ts';
import { jensenShannon } from '../../losses/logits/jensenShannon.ts';
import { klDivergence } from '../../losses/logits/klDivergence.ts';
import { softCrossEntropy } from '../../losses/logits/softCrossEntropy.ts';
import type { WasmTensor } from '../tensors.ts';
import { type KernelHost, type RowSettings, rowLossKernel } from './rows.ts';

interface Softened extends RowSettings {
  readonly temperature: number;
  readonly scaleByTemperatureSquared: boolean;
}

const factorOf = ({ temperature, scaleByTemperatureSquared }: Softened): number =>
  scaleByTemperatureSquared ? temperature ** 2 : 1;

/** Kernels of `klDivergence`, `softCrossEntropy`, `jensenShannon` and `crossEntropy`. */
export function softmaxLossKernels(host: KernelHost): readonly FusedLossKernel<WasmTensor>[] {
  const { kernels, store } = host;
  return [
    rowLossKernel<Softened & { direction: 'forward' | 'reverse' }>(
      host,
      'klDivergence',
      klDivergence,
      (options, { teacherLogits, studentLogits }, { rows, classes, weights, scale, values, gradient, scratch }) => {
        const teacher = store.pointerTo('klDivergence', teacherLogits!);
        const student = store.pointerTo('klDivergence', studentLogits!);
        const { temperature } = options;
        const factor = factorOf(options);
        const size = [rows, classes, temperature, factor] as const;
        return options.direction === 'forward'
          ? kernels.forwardDivergence(teacher, student, ...size, weights, scale, values, gradient, scratch, 0)
          : kernels.reverseDivergence(teacher, student, ...size, weights, scale, values, gradient, scratch);
      },
    ),
    rowLossKernel<Softened>(
      host,
      'softCrossEntropy',
      softCrossEntropy,
      (options, { teacherLogits, studentLogits }, { rows, classes, weights, scale, values, gradient, scratch }) =>
        kernels.forwardDivergence(
          store.pointerTo('softCrossEntropy', teacherLogits!),
          store.pointerTo('softCrossEntropy', studentLogits!),
          rows,
          classes,
          options.temperature,
          factorOf(options),
          weights,
          scale,
          values,
          gradient,
          scratch,
          1,
        ),
    ),
    rowLossKernel<Softened & { beta: number }>(
      host,
      'jensenShannon',
      jensenShannon,
      (options, { teacherLogits, studentLogits }, { rows, classes, weights, scale, values, gradient, scratch }) =>
        kernels.jensenShannon(
          store.pointerTo('jensenShannon', teacherLogits!),
          store.pointerTo('jensenShannon', studentLogits!),
          rows,
          classes,
          options.beta,
          options.temperature,
          factorOf(options),
          weights,
          scale,
          values,
          gradient,
          scratch,
        ),
    ),
    rowLossKernel<RowSettings & { labelSmoothing: number }>(
      host,
      'crossEntropy',
      crossEntropy,
      (options, { studentLogits, labels }, { rows, classes, weights, scale, values, gradient, scratch }) =>
        kernels.crossEntropy(
          store.pointerTo('crossEntropy', studentLogits!),
          store.pointerTo('crossEntropy', labels!),
          rows,
          classes,
          options.labelSmoothing,
          weights,
          scale,
          values,
          gradient,
          scratch,
        ),
    ),
  ];
}
