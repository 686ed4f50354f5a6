import type * as tf from '@tensorflow/tfjs-core';
import type { Backend, FusedKernel, FusedLossKernel } from '../../backend.ts';
import { calibrationKernel } from '../../webgpu/kernels/calibrationKernel.ts';
import { classwiseKernel } from '../../webgpu/kernels/classwiseKernel.ts';
import { crdKernel } from '../../webgpu/kernels/crdKernel.ts';
import { similarityKernels } from '../../webgpu/kernels/similarityKernels.ts';
import { webgpuContext } from './webgpuContext.ts';

type T = tf.Tensor;

/**
 * Kernels by hand that replace whole losses on the tfjs backend of this name (`'webgpu'`; none on the others): those of
 * `webgpuBackend`.
 */
export function fusedLossKernelsOf(tfjsBackendName: string, backend: Backend<T>): readonly FusedLossKernel<T>[] {
  if (tfjsBackendName !== 'webgpu') return [];
  const shared: unknown = crdKernel(webgpuContext(backend));
  return [shared as FusedLossKernel<T>];
}

/** These, and kernels that replace metrics' statistics. */
export function fusedKernelsOf(tfjsBackendName: string, backend: Backend<T>): readonly FusedKernel<T>[] {
  if (tfjsBackendName !== 'webgpu') return [];
  const context = webgpuContext(backend);
  const metrics = [calibrationKernel(context), classwiseKernel(context), ...similarityKernels(context)];
  return [
    ...fusedLossKernelsOf(tfjsBackendName, backend),
    ...(metrics as readonly unknown[] as readonly FusedKernel<T>[]),
  ];
}
