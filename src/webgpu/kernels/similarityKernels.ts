/** The kernels of similarities between sets of activations, one for each form of Gram matrices; the compiler serves the others. */
import type { FusedPairKernel } from '../../backend.ts';
import type { WebgpuTensor } from '../tensors.ts';
import type { KernelContext } from './context.ts';
import { gramKernels } from './gramKernel.ts';
import { rowSimilarityKernel } from './rowSimilarityKernel.ts';

/** All of them. */
export function similarityKernels(context: KernelContext): readonly FusedPairKernel<WebgpuTensor>[] {
  return [...gramKernels(context), rowSimilarityKernel(context)];
}
