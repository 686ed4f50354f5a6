/** The hint loss without a regressor: differences, their squares and the gradient in one pass. */
import type { FusedLossKernel, KernelInputs } from '../../backend.ts';
import { type CheckedHintOptions, hint, hintRows } from '../../losses/features/hint.ts';
import { reduceRows } from '../../ops/rowReduction.ts';
import { sizeOf } from '../../tensor.ts';
import type { WebgpuTensor } from '../tensors.ts';
import { binderOf } from './binder.ts';
import type { KernelContext } from './context.ts';
import { type HintForm, hintFactor, hintProgram } from './hintProgram.ts';
import { rowScaleOf } from './rowScale.ts';
import { rowLayout } from './rows.ts';

type T = WebgpuTensor;

/** A row is a sample, or a position where row weights say so. */
export function hintKernel(context: KernelContext): FusedLossKernel<T> {
  const { store, backend, subgroupSize, mostLanes } = context;
  const run = (checked: CheckedHintOptions, inputs: KernelInputs<T>, withGradient: boolean) => {
    const options = hintRows(checked);
    const { studentFeatures, teacherFeatures, rowWeights } = inputs as Readonly<Record<string, T>>;
    const { shape } = studentFeatures!;
    // With weights for each position a row is a position, and positions lie one after the other.
    const rowShape = rowWeights?.shape ?? shape.slice(0, 1);
    const rows = sizeOf(rowShape);
    const classes = sizeOf(shape) / rows;
    const scales = rowScaleOf(backend, options, rowShape, rowWeights);
    const rowScaled = withGradient && typeof scales === 'object';
    const form: HintForm = { writes: withGradient ? 'both' : 'value', rowScaled };
    const layout = rowLayout(classes, subgroupSize, mostLanes);
    const bind = binderOf(context, 'hint');
    const rowLosses = store.make(rowShape, 'hint');
    const gradient = withGradient ? store.make(shape, 'hint') : undefined;
    store.runtime.run({
      key: `hint ${form.writes} ${rowScaled} ${layout.key}`,
      build: () => hintProgram(layout, form),
      reads: [
        bind(studentFeatures!, classes),
        bind(teacherFeatures!, classes),
        ...(rowScaled ? [bind(scales, 1)] : []),
      ],
      writes: [bind(rowLosses, 1), ...(gradient ? [bind(gradient, classes)] : [])],
      uniforms: {
        classes,
        factor: hintFactor(checked.reduction, classes),
        scale: typeof scales === 'number' ? scales : 1,
      },
      units: rows,
      groups: layout.groups,
    });
    return { value: reduceRows(backend, options, rowLosses, rowWeights).value, gradient };
  };

  return {
    kind: 'loss',
    implements: hint,
    supports: (options) => (options as CheckedHintOptions).regressor === 'none',
    forward(options, inputs) {
      const { value, gradient } = run(options as CheckedHintOptions, inputs, true);
      return { value, residuals: { gradient } };
    },
    evaluate: (options, inputs) => run(options as CheckedHintOptions, inputs, false).value,
    backward: (_options, residuals, upstream) => [backend.multiply(residuals.gradient as T, upstream)],
  };
}
