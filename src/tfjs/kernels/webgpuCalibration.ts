/** Statistics of the top-label calibration error on tfjs's `webgpu` backend: two programs, and nothing of the logits' size. */
import * as tf from '@tensorflow/tfjs-core';
import type { Backend, FusedMetricKernel, KernelInputs } from '../../backend.ts';
import { calibrationError } from '../../metrics/calibration/calibrationError.ts';
import { sizeOf } from '../../tensor.ts';
import {
  calibrationBinProgram,
  calibrationFields,
  calibrationPartRows,
  calibrationRowProgram,
  innerEdges,
} from '../../webgpu/kernels/calibrationPrograms.ts';
import { rowLayout } from '../../webgpu/kernels/rows.ts';
import { runOnTfjsWebgpu } from './webgpuProgram.ts';

type T = tf.Tensor;

interface CalibrationOptions {
  readonly boundaries: readonly number[];
  readonly edges: 'right' | 'left';
  readonly over: 'topLabel' | 'classwise';
}

/** For `over: 'topLabel'`. */
export function webgpuCalibrationKernel(backend: Backend<T>): FusedMetricKernel<T> {
  /** [rows, 6]: what a row contributes. */
  const rowNumbers = ({ boundaries, edges }: CalibrationOptions, inputs: KernelInputs<T>): T => {
    const given = inputs.probabilities !== undefined;
    const scores = (inputs.probabilities ?? inputs.logits)!;
    const classes = scores.shape.at(-1)!;
    const rows = sizeOf(scores.shape) / classes;
    const layout = rowLayout(classes, 0);
    return runOnTfjsWebgpu({
      key: `calibrationError rows ${given} ${edges} ${layout.key}`,
      program: calibrationRowProgram(layout, given, edges),
      inputs: [scores, inputs.labels!, backend.fromHost(innerEdges(boundaries))],
      outputShape: [rows, calibrationFields],
      uniforms: { classes, edges: boundaries.length - 2 },
      units: rows,
      groups: layout.groups(rows),
    });
  };

  return {
    kind: 'metric',
    implements: calibrationError,
    supports: (options) => (options as CalibrationOptions).over === 'topLabel',
    statistics(options, inputs) {
      const numbers = rowNumbers(options as CalibrationOptions, inputs);
      const bins = (options as CalibrationOptions).boundaries.length - 1;
      const rows = numbers.shape[0]!;
      const parts = Math.max(1, Math.ceil(rows / calibrationPartRows));
      const sums = runOnTfjsWebgpu({
        key: 'calibrationError bins',
        program: calibrationBinProgram(),
        inputs: [numbers],
        outputShape: [parts, bins + 1, 3],
        uniforms: { bins, rows },
        units: parts,
        groups: parts * (bins + 1),
      });
      const total = tf.sum(sums, 0);
      const column = (field: number) => tf.reshape(tf.slice(total, [0, field], [bins, 1]), [bins]);
      const defects = (field: number) => tf.reshape(tf.slice(total, [bins, field], [1, 1]), []);
      return {
        count: column(0),
        confidence: column(1),
        correct: column(2),
        notANumber: defects(0),
        negative: defects(1),
        unnormalised: defects(2),
      };
    },
  };
}
