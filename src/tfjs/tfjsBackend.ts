import type * as tf from '@tensorflow/tfjs-core';
import type { Backend } from '../backend.ts';
import { fusedKernelsOf } from './kernels/fusedKernels.ts';
import { tfjsOperations } from './tfjsOperations.ts';

/**
 * The current tfjs backend as a `Backend`: what `evaluateOn`, `valueAndGradientsOn` and `measureOn` take to work on tfjs
 * tensors (`tf.Variable` included).
 *
 * It follows `tf.setBackend`: name, `readSync` (present on cpu, wasm and node, whose tensors lie in host memory) and fused
 * kernels are those of the tfjs backend that is set when they are asked for. Await `tf.ready()` before the first use.
 *
 * On `webgpu` every loss and every metric runs as a few programs made for it, on tfjs's device over tfjs's buffers, without
 * a copy of the inputs (`crd` with a bank, `calibrationError` and the similarities by kernels of `webgpuBackend`); what a
 * device cannot bind whole is refused. A tensor there over a buffer of another device, which tfjs takes in silence, rejects
 * the next `read` or throws at the next call.
 *
 * Tensors made by it obey `tf.tidy` like any other; outside a tidy the caller disposes of results.
 *
 * @example
 * import * as tf from '@tensorflow/tfjs-core';
 * await tf.setBackend('wasm');
 * const { value } = await measureOn(tfjsBackend(), accuracy(), { logits, labels });
 */
// @__NO_SIDE_EFFECTS__
export function tfjsBackend(): Backend<tf.Tensor> {
  return tfjsOperations(fusedKernelsOf);
}
