/** The hint loss without a regressor on tfjs's `webgpu` backend: value and gradient each from one program. */
import type * as tf from '@tensorflow/tfjs-core';
import type { Backend, FusedLossKernel, KernelInputs } from '../../backend.ts';
import { type CheckedHintOptions, hint, hintRows } from '../../losses/features/hint.ts';
import { reduceRows } from '../../ops/rowReduction.ts';
import { sizeOf } from '../../tensor.ts';
import { type HintForm, hintFactor, hintProgram } from '../../webgpu/kernels/hintProgram.ts';
import { rowLayout } from '../../webgpu/kernels/rows.ts';
import { everyRow } from './everyRow.ts';
import { makeOnTfjsWebgpu, mostLanesOnTfjs, runOnTfjsWebgpu } from './webgpuProgram.ts';

type T = tf.Tensor;

/** Weights for each position are left to the composite: the kernel knows those of samples. */
const ofPositions = ({ rowWeights }: KernelInputs<T>): boolean => (rowWeights?.shape.length ?? 0) > 1;

/** A row is a sample: all its features. */
export function webgpuHintKernel(backend: Backend<T>): FusedLossKernel<T> {
  /** Row losses [batch], or with a factor for each row the gradient [batch, features]. */
  const run = ({ reduction }: CheckedHintOptions, student: T, teacher: T, rowScale?: T): T => {
    const rows = student.shape[0]!;
    const features = sizeOf(student.shape) / rows;
    const form: HintForm = { writes: rowScale ? 'gradient' : 'value', rowScaled: rowScale !== undefined };
    const layout = rowLayout(features, 0, mostLanesOnTfjs());
    return runOnTfjsWebgpu({
      key: `hint ${form.writes} ${layout.key}`,
      program: hintProgram(layout, form),
      inputs: [student, teacher, ...(rowScale ? [rowScale] : [])],
      output: makeOnTfjsWebgpu(rowScale ? [rows, features] : [rows]),
      uniforms: { classes: features, factor: hintFactor(reduction, features), scale: 1 },
      units: rows,
      groups: layout.groups(rows),
    });
  };

  const weighted = (options: CheckedHintOptions, { studentFeatures, teacherFeatures, rowWeights }: KernelInputs<T>) => {
    const student = studentFeatures as T;
    const teacher = teacherFeatures as T;
    const { value, rowScale } = reduceRows(backend, hintRows(options), run(options, student, teacher), rowWeights);
    return { value, residuals: { student, teacher, rowScale } };
  };

  return {
    kind: 'loss',
    implements: hint,
    supports: (options) => (options as CheckedHintOptions).regressor === 'none',
    forward: (options, inputs) => (ofPositions(inputs) ? undefined : weighted(options as CheckedHintOptions, inputs)),
    evaluate: (options, inputs) =>
      ofPositions(inputs) ? undefined : weighted(options as CheckedHintOptions, inputs).value,
    backward(options, residuals, upstream) {
      if (residuals.student === undefined) return undefined;
      const { student, teacher, rowScale } = residuals as Record<'student' | 'teacher' | 'rowScale', T>;
      const factors = everyRow(backend, backend.multiply(upstream, rowScale), student.shape.slice(0, 1));
      return [backend.reshape(run(options as CheckedHintOptions, student, teacher, factors), student.shape)];
    },
  };
}
