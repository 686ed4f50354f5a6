/** Runs this library's WGSL as programs of tfjs's `webgpu` backend: on its device, in its buffers, without a copy. */

import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import type { KernelProgram } from '../../webgpu/program.ts';

/** One use of a kernel with one output. */
export interface TfjsWebgpuCall {
  /** Names the program: equal keys have equal programs. */
  readonly key: string;
  readonly program: KernelProgram;
  readonly inputs: readonly tf.Tensor[];
  readonly outputShape: readonly number[];
  readonly uniforms: Readonly<Record<string, number>>;
  readonly units: number;
  readonly groups: number;
}

/** What the device said about earlier programs; the next call throws it. */
const failures = new WeakMap<GPUDevice, Error>();

/**
 * Runs a kernel on float32 tensors of tfjs's current backend, which must be `webgpu`.
 *
 * A tensor over a buffer of another device (`tf.tensor({ buffer, zeroCopy: true })`) makes the device refuse the program,
 * about which tfjs says nothing; here the next call throws.
 */
export function runOnTfjsWebgpu(call: TfjsWebgpuCall): tf.Tensor {
  const backend = tf.backend() as WebGPUBackend;
  const { device } = backend;
  const earlier = failures.get(device);
  if (earlier) {
    failures.delete(device);
    throw earlier;
  }
  const { program } = call;
  const { name } = program;
  const inputs = call.inputs.map((input) => asFloats(backend, input));
  device.pushErrorScope('validation');
  const output = backend.runWebGPUProgram(tfjsProgram(call), inputs, 'float32', [
    { type: 'uint32', data: [call.units] },
    { type: 'uint32', data: [0] },
    ...Object.entries(program.uniforms).map(([uniform, type]) => ({
      type: type === 'u32' ? 'uint32' : type === 'i32' ? 'int32' : 'float32',
      data: [call.uniforms[uniform]!],
    })),
  ]);
  device.popErrorScope().then(
    (error) => {
      if (error) failures.set(device, refusal(name, error.message));
    },
    () => undefined,
  );
  return tf.engine().makeTensorFromTensorInfo(output);
}

/** Float32 tensors are bound as they are. tfjs's cast of labels from int32 keeps their bits; an addition converts them. */
function asFloats(backend: WebGPUBackend, input: tf.Tensor): tf.Tensor {
  if (backend.tensorMap.get(input.dataId).dtype === 'float32') return input;
  return tf.add(tf.cast(input, 'float32'), 0);
}

function refusal(name: string, message: string): Error {
  return new Error(
    `tfjs webgpu kernel '${name}': every tensor's buffer must belong to tfjs's device, got a refusal: ${message}`,
  );
}

function tfjsProgram({ key, program, outputShape, groups }: TfjsWebgpuCall): WebGPUProgram {
  return {
    dispatch: [groups, 1, 1],
    dispatchLayout: { x: outputShape.map((_, axis) => axis) },
    outputShape: [...outputShape],
    shaderKey: `dark-knowledge ${key}`,
    variableNames: [...program.reads],
    uniforms: [
      'units : u32',
      'firstUnit : u32',
      ...Object.entries(program.uniforms).map(([n, t]) => `${n} : ${t}`),
    ].join(', '),
    workgroupSize: [program.workgroupSize, 1, 1],
    getUserCode: () => `
${program.declarations ?? ''}
fn main(flatIndex: i32) {
  let lane = localIndex;
  let group = (workgroupId.z * numWorkgroups.y + workgroupId.y) * numWorkgroups.x + workgroupId.x;
  let index = group * ${program.workgroupSize}u + lane;
${program.body}
}
`,
  };
}
