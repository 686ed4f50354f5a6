/** The softmax-divergence family on tfjs's `webgpu` backend: value and gradient each from one program over the logits. */
import type * as tf from '@tensorflow/tfjs-core';
import type { Backend, FusedLossKernel, KernelInputs, Residuals } from '../../backend.ts';
import { hasPlainLogits } from '../../logitPairLoss.ts';
import { type CheckedRowOptions, effectiveRowWeights, reduceRows } from '../../ops/rowReduction.ts';
import { sizeOf } from '../../tensor.ts';
import { type DivergenceForm, divergenceProgram } from '../../webgpu/kernels/divergenceProgram.ts';
import {
  type DivergenceLoss,
  type DivergenceOptions,
  divergenceLosses,
  uniformsOf,
} from '../../webgpu/kernels/divergences.ts';
import { rowLayout } from '../../webgpu/kernels/rows.ts';
import { everyRow } from './everyRow.ts';
import { makeOnTfjsWebgpu, mostLanesOnTfjs, runOnTfjsWebgpu } from './webgpuProgram.ts';

type T = tf.Tensor;

/** One kernel for each loss of the family; `backend` does the arithmetic on one number a row. */
export function webgpuDivergenceKernels(backend: Backend<T>): readonly FusedLossKernel<T>[] {
  return divergenceLosses.map((loss) => divergenceKernel(backend, loss));
}

function divergenceKernel(backend: Backend<T>, loss: DivergenceLoss): FusedLossKernel<T> {
  /** Row losses [rows], or with a factor for each row the gradient [rows, classes]. */
  const run = (options: DivergenceOptions, studentLogits: T, target: T, rowScale?: T): T => {
    const classes = studentLogits.shape.at(-1)!;
    const rows = sizeOf(studentLogits.shape) / classes;
    const divergence = loss.divergenceOf(options);
    const form: DivergenceForm = { writes: rowScale ? 'gradient' : 'value', rowScaled: rowScale !== undefined };
    const layout = rowLayout(classes, 0, mostLanesOnTfjs());
    return runOnTfjsWebgpu({
      key: `${divergence.name} ${form.writes} ${layout.key}`,
      program: divergenceProgram(divergence, layout, form),
      inputs: [studentLogits, target, ...(rowScale ? [rowScale] : [])],
      output: makeOnTfjsWebgpu(rowScale ? [rows, classes] : [rows]),
      uniforms: { ...uniformsOf(loss, options, classes), scale: 1 },
      units: rows,
      groups: layout.groups(rows),
    });
  };

  const weighted = (options: DivergenceOptions, inputs: KernelInputs<T>) => {
    const { teacherLogits, labels, rowWeights } = inputs;
    const studentLogits = inputs.studentLogits as T;
    const rows: CheckedRowOptions = options;
    const target = (loss.divergenceOf(options).target === 'teacher' ? teacherLogits : labels) as T;
    const rowShape = studentLogits.shape.slice(0, -1);
    const rowLosses = backend.reshape(run(options, studentLogits, target), rowShape);
    const weights = effectiveRowWeights(backend, rows, { labels, rowWeights });
    const { value, rowScale } = reduceRows(backend, rows, rowLosses, weights);
    return { value, residuals: { studentLogits, target, rowScale } };
  };

  return {
    kind: 'loss',
    implements: loss.implements,
    supports: hasPlainLogits,
    forward: (options, inputs) => weighted(options as DivergenceOptions, inputs),
    evaluate: (options, inputs) => weighted(options as DivergenceOptions, inputs).value,
    backward(options, residuals: Residuals<T>, upstream) {
      const { studentLogits, target, rowScale } = residuals as Record<'studentLogits' | 'target' | 'rowScale', T>;
      const rowShape = studentLogits.shape.slice(0, -1);
      const factors = everyRow(backend, backend.multiply(upstream, rowScale), rowShape);
      const gradient = run(options as DivergenceOptions, studentLogits, target, factors);
      return [backend.reshape(gradient, studentLogits.shape)];
    },
  };
}
