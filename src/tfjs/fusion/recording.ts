/**
 * A backend that records, on tensors of tfjs. They have numbers from the start, so `tfjsBackend` itself cannot put an
 * operation off: a loss or a metric runs on this backend in its place, and comes out in tensors of tfjs.
 */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import type { Backend, FusedKernel, TensorTree } from '../../backend.ts';
import { fusedMembers } from '../../fusion/fused.ts';
import { mapTree, recordedKernels } from '../../fusion/handKernels.ts';
import { makeRecorder } from '../../fusion/record.ts';
import type { RecordedTensor } from '../../fusion/recorder.ts';
import { tfjsExecutor } from './host.ts';

/** A recording backend, and what it has left to others. */
export interface TfjsRecording {
  /** Computes something of some tensors on the recording backend: new tensors, in the tree that `compute` makes. */
  readonly run: NonNullable<Backend<tf.Tensor>['recorded']>;
  /** Tensors so far that an operation or a kernel outside of the recording has made. */
  readonly foreign: () => number;
}

/** The recording backends around `eager`, one for each device: that of the tfjs backend which is set, where it is `webgpu`. */
export function tfjsRecordings(
  eager: Backend<tf.Tensor>,
  kernels: () => readonly FusedKernel<tf.Tensor>[],
): () => TfjsRecording | undefined {
  const made = new WeakMap<GPUDevice, TfjsRecording>();
  return () => {
    if (tf.getBackend() !== 'webgpu') return undefined;
    const { device } = tf.backend() as WebGPUBackend;
    const recording = made.get(device) ?? tfjsRecording(eager, kernels());
    made.set(device, recording);
    return recording;
  };
}

/** Makes one on tfjs's current backend, which must be `webgpu`; `eager` runs what is not recorded. */
function tfjsRecording(eager: Backend<tf.Tensor>, kernels: readonly FusedKernel<tf.Tensor>[]): TfjsRecording {
  const recorder = makeRecorder<tf.Tensor>({ backend: 'tfjsBackend' }, eager, tfjsExecutor().execute);
  let foreign = 0;
  const counted = {
    ...recorder,
    wrap(stored: tf.Tensor) {
      foreign++;
      return recorder.wrap(stored);
    },
  };
  const backend: Backend<RecordedTensor<tf.Tensor>> = {
    ...fusedMembers('tfjsBackend', eager, counted),
    fusedKernels: recordedKernels(eager, counted, kernels),
  };

  return {
    foreign: () => foreign,
    run: (inputs, compute) =>
      eager.scope(() => {
        const made = backend.scope(() => {
          // A tensor of its own for each, which the recorder may free.
          const place = (input: tf.Tensor) =>
            recorder.wrap(input.dtype === 'float32' ? tf.clone(input) : floats(input));
          const given = Object.entries(inputs).filter(([, input]) => input !== undefined);
          return compute(backend, Object.fromEntries(given.map(([name, input]) => [name, place(input)])));
        });
        const tensors: RecordedTensor<tf.Tensor>[] = [];
        const results = mapTree(made, recorder.isTensor, (tensor) => {
          tensors.push(tensor);
          return tf.clone(recorder.storedOf('result', tensor));
        }) as TensorTree<tf.Tensor>;
        tensors.forEach(recorder.dispose);
        return results;
      }),
  };
}

/** Whole numbers as float32, once for all kernels: tfjs's cast alone keeps their bits, an addition converts them. */
function floats(input: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.add(tf.cast(input, 'float32'), 0));
}
