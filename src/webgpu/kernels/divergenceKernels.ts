/** Fused losses of the softmax-divergence family: value and gradient from one kernel. */
import type { FusedLossKernel, KernelInputs } from '../../backend.ts';
import { hasPlainLogits } from '../../logitPairLoss.ts';
import { type CheckedRowOptions, effectiveRowWeights, reduceRows } from '../../ops/rowReduction.ts';
import { sizeOf } from '../../tensor.ts';
import type { WebgpuTensor } from '../tensors.ts';
import { binderOf } from './binder.ts';
import type { KernelContext } from './context.ts';
import { type DivergenceForm, divergenceProgram } from './divergenceProgram.ts';
import { type DivergenceLoss, type DivergenceOptions, divergenceLosses, uniformsOf } from './divergences.ts';
import { rowScaleOf } from './rowScale.ts';
import { rowLayout } from './rows.ts';

type T = WebgpuTensor;

/** One kernel for each loss of the family. */
export function divergenceKernels(context: KernelContext): readonly FusedLossKernel<T>[] {
  return divergenceLosses.map((loss) => divergenceKernel(context, loss));
}

function divergenceKernel(context: KernelContext, loss: DivergenceLoss): FusedLossKernel<T> {
  const { store, backend } = context;

  const run = (options: DivergenceOptions, inputs: KernelInputs<T>, writes: DivergenceForm['writes']) => {
    const rows: CheckedRowOptions = options;
    const { studentLogits, teacherLogits, labels, rowWeights } = inputs;
    const { shape } = studentLogits!;
    const rowShape = shape.slice(0, -1);
    const classes = shape.at(-1)!;
    const weights = effectiveRowWeights(backend, rows, { labels, rowWeights });
    const divergence = loss.divergenceOf(options);
    const scales = writes === 'value' ? undefined : rowScaleOf(backend, rows, rowShape, weights);
    const form: DivergenceForm = { writes, rowScaled: typeof scales === 'object' };
    const layout = rowLayout(classes, context.subgroupSize, context.mostLanes);
    const bind = binderOf(context, divergence.name);
    const target = divergence.target === 'teacher' ? bind(teacherLogits!, classes) : bind(labels!, 1);
    const rowLosses = store.make(rowShape, divergence.name);
    const gradient = writes === 'both' ? store.make(shape, divergence.name) : undefined;
    store.runtime.run({
      key: `${divergence.name} ${writes} ${form.rowScaled} ${layout.key}`,
      build: () => divergenceProgram(divergence, layout, form),
      reads: [bind(studentLogits!, classes), target, ...(typeof scales === 'object' ? [bind(scales, 1)] : [])],
      writes: [bind(rowLosses, 1), ...(gradient ? [bind(gradient, classes)] : [])],
      uniforms: { ...uniformsOf(loss, options, classes), scale: typeof scales === 'number' ? scales : 1 },
      units: sizeOf(rowShape),
      groups: layout.groups,
    });
    const { value } = reduceRows(backend, rows, rowLosses, weights);
    return { value, gradient };
  };

  return {
    kind: 'loss',
    implements: loss.implements,
    supports: hasPlainLogits,
    forward(options, inputs) {
      const { value, gradient } = run(options as DivergenceOptions, inputs, 'both');
      return { value, residuals: { gradient } };
    },
    evaluate: (options, inputs) => run(options as DivergenceOptions, inputs, 'value').value,
    backward(_options, residuals, upstream) {
      const column = upstream.shape.length === 0 ? upstream : backend.reshape(upstream, [...upstream.shape, 1]);
      return [backend.multiply(residuals.gradient as T, column)];
    },
  };
}
