/** The fused kernels of the `webgpu` backend. */
import type { FusedKernel } from '../../backend.ts';
import type { WebgpuTensor } from '../tensors.ts';
import { calibrationKernel } from './calibrationKernel.ts';
import { classwiseKernel } from './classwiseKernel.ts';
import type { KernelContext } from './context.ts';
import { crdKernel } from './crdKernel.ts';
import { divergenceKernels } from './divergenceKernels.ts';
import { hintKernel } from './hintKernel.ts';
import { hintRegressorKernel } from './hintRegressorKernel.ts';
import { similarityKernels } from './similarityKernels.ts';

/** All of them. */
export function fusedKernels(context: KernelContext): readonly FusedKernel<WebgpuTensor>[] {
  return [
    ...divergenceKernels(context),
    hintKernel(context),
    hintRegressorKernel(context),
    calibrationKernel(context),
    classwiseKernel(context),
    crdKernel(context),
    ...similarityKernels(context),
  ];
}
