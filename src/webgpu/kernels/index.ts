/** The kernels by hand of the `webgpu` backend: what the compiler's are no match for. */
import type { FusedKernel } from '../../backend.ts';
import type { WebgpuTensor } from '../tensors.ts';
import { calibrationKernel } from './calibrationKernel.ts';
import { classwiseKernel } from './classwiseKernel.ts';
import type { KernelContext } from './context.ts';
import { crdKernel } from './crdKernel.ts';
import { similarityKernels } from './similarityKernels.ts';

/** All of them. */
export function fusedKernels(context: KernelContext): readonly FusedKernel<WebgpuTensor>[] {
  return [calibrationKernel(context), classwiseKernel(context), crdKernel(context), ...similarityKernels(context)];
}
