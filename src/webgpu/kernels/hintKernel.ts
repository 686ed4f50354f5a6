/** The hint loss without a regressor: differences, their squares and the gradient in one pass. */
import type { FusedLossKernel, KernelInputs } from '../../backend.ts';
import { hint } from '../../losses/features/hint.ts';
import { type CheckedRowOptions, reduceRows } from '../../ops/rowReduction.ts';
import { sizeOf } from '../../tensor.ts';
import { specialValues } from '../arithmetic.ts';
import type { KernelProgram } from '../program.ts';
import type { Binding } from '../runtime.ts';
import type { WebgpuTensor } from '../tensors.ts';
import type { KernelContext } from './context.ts';
import { rowScaleOf } from './rowScale.ts';
import { type RowLayout, rowLayout } from './rows.ts';

type T = WebgpuTensor;

interface HintOptions {
  readonly reduction: 'mean' | 'halfSum';
  readonly regressor: string;
  readonly rows: CheckedRowOptions;
}

/** A row is a sample: all its features. */
export function hintKernel({ store, backend, subgroupSize }: KernelContext): FusedLossKernel<T> {
  const run = ({ reduction, rows: options }: HintOptions, inputs: KernelInputs<T>, withGradient: boolean) => {
    const { studentFeatures, teacherFeatures, rowWeights } = inputs as Readonly<Record<string, T>>;
    const { shape } = studentFeatures!;
    const rows = shape[0]!;
    const classes = sizeOf(shape) / rows;
    const scales = rowScaleOf(backend, options, [rows], rowWeights);
    const rowScaled = withGradient && typeof scales === 'object';
    const layout = rowLayout(classes, subgroupSize);
    const bind = (tensor: T, perUnit: number): Binding => ({ storage: store.storageOf(tensor, 'hint'), perUnit });
    const rowLosses = store.make([rows], 'hint');
    const gradient = withGradient ? store.make(shape, 'hint') : undefined;
    store.runtime.run({
      key: `hint ${withGradient} ${rowScaled} ${layout.key}`,
      build: () => program(layout, withGradient, rowScaled),
      reads: [
        bind(studentFeatures!, classes),
        bind(teacherFeatures!, classes),
        ...(rowScaled ? [bind(scales, 1)] : []),
      ],
      writes: [bind(rowLosses, 1), ...(gradient ? [bind(gradient, classes)] : [])],
      uniforms: {
        classes,
        factor: reduction === 'mean' ? 1 / classes : 0.5,
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
    supports: (options) => (options as HintOptions).regressor === 'none',
    forward(options, inputs) {
      const { value, gradient } = run(options as HintOptions, inputs, true);
      return { value, residuals: { gradient } };
    },
    evaluate: (options, inputs) => run(options as HintOptions, inputs, false).value,
    backward: (_options, residuals, upstream) => [backend.multiply(residuals.gradient as T, upstream)],
  };
}

function program(layout: RowLayout, withGradient: boolean, rowScaled: boolean): KernelProgram {
  const rowFactor = rowScaled ? 'rowScale[row]' : 'uniforms.scale';
  const slope = '2.0 * uniforms.factor * difference * rowFactor';
  return layout.program({
    name: 'hint',
    reads: ['student', 'teacher', ...(rowScaled ? ['rowScale'] : [])],
    writes: ['rowLosses', ...(withGradient ? ['gradient'] : [])],
    uniforms: { classes: 'u32', factor: 'f32', scale: 'f32' },
    declarations: specialValues,
    vector: 'f32',
    body: `
  ${withGradient ? `let rowFactor = ${rowFactor};` : ''}
  var total = 0.0;
  var block = 0.0;
  var count = 0u;
  for (var at = first; at < uniforms.classes; at += step) {
    let difference = student[origin + at] - teacher[origin + at];
    block += difference * difference;
    count++;
    if ((count & 15u) == 0u) { total += block; block = 0.0; }
    ${withGradient ? `gradient[origin + at] = ${rowScaled ? `select(${slope}, 0.0, isZero(rowFactor))` : slope};` : ''}
  }
  total = sumOverRow(total + block);
  if (leader) { rowLosses[row] = uniforms.factor * total; }`,
  });
}
