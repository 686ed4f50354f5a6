/** All fused kernels of the backend, one family a file. */
import type { FusedKernel } from '../../backend.ts';
import type { WasmTensor } from '../tensors.ts';
import { calibrationErrorKernel } from './calibrationError.ts';
import { ckaKernels } from './cka.ts';
import { crdKernel } from './crd.ts';
import { hintKernel } from './hint.ts';
import { representationalSimilarityKernels } from './representationalSimilarity.ts';
import type { KernelHost } from './rows.ts';
import { softmaxLossKernels } from './softmaxLosses.ts';

/** The kernels on one instance. */
export function fusedKernels(host: KernelHost): readonly FusedKernel<WasmTensor>[] {
  return [
    ...softmaxLossKernels(host),
    hintKernel(host),
    crdKernel(host),
    calibrationErrorKernel(host),
    ...ckaKernels(host),
    ...representationalSimilarityKernels(host),
  ];
}
