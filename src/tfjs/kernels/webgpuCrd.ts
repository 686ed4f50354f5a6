/** Contrastive representation distillation with a memory bank on tfjs's `webgpu` backend: the gather is inside the program. */
import * as tf from '@tensorflow/tfjs-core';
import type { Backend, FusedLossKernel } from '../../backend.ts';
import { crdWithBank } from '../../webgpu/kernels/bankContrast.ts';
import { candidatesPerGroup, contrastProgram } from '../../webgpu/kernels/contrastProgram.ts';
import { runOnTfjsWebgpu } from './webgpuProgram.ts';

/** For `negatives: 'bank'`. */
export function webgpuCrdKernel(backend: Backend<tf.Tensor>): FusedLossKernel<tf.Tensor> {
  return crdWithBank(backend, ({ anchors, bank, candidates, threshold, temperature }) => {
    const [batch, dimension] = anchors.shape as [number, number];
    const count = candidates.shape[1]!;
    const parts = Math.ceil(count / candidatesPerGroup);
    const perLane = Math.ceil(dimension / 32);
    // The gradient, and the loss behind it: a program of tfjs has one output.
    const both = runOnTfjsWebgpu({
      key: `crd contrast ${perLane}`,
      program: contrastProgram(perLane, 'table', 'one'),
      inputs: [anchors, bank, candidates, threshold],
      outputShape: [batch, parts, dimension + 1],
      uniforms: { dimension, rows: bank.shape[0]!, count, parts, inverseTemperature: 1 / temperature },
      units: batch,
      groups: batch * parts,
    });
    const sums = tf.sum<tf.Tensor2D>(both, 1);
    return {
      losses: tf.reshape(tf.slice(sums, [0, dimension], [batch, 1]), [batch]),
      gradients: tf.slice(sums, [0, 0], [batch, dimension]),
    };
  });
}
