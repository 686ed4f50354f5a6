/** All fused kernels of the backend, one family a file. */
import type { FusedKernel } from '../../backend.ts';
import type { WasmTensor } from '../tensors.ts';
import { calibrationErrorKernel } from './calibrationError.ts';
import { crdKernel } from './crd.ts';
import { crossProductKernels } from './crossProducts.ts';
import { metricFunctions } from './metricModule.ts';
import { normalisedGramKernel } from './representationalSimilarity.ts';
import type { KernelHost } from './rows.ts';

/** Kernels of losses on one instance. */
export function lossKernels(host: KernelHost): readonly FusedKernel<WasmTensor>[] {
  return [crdKernel(host)];
}

/** Kernels of metrics on one instance: apart, so that a bundle with losses alone holds no metric. */
export function metricKernels(host: KernelHost): readonly FusedKernel<WasmTensor>[] {
  const own = metricFunctions(host);
  return [calibrationErrorKernel(host, own), ...crossProductKernels(host, own), normalisedGramKernel(host, own)];
}
