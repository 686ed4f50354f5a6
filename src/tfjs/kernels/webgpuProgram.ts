/** Runs this library's WGSL as programs of tfjs's `webgpu` backend: on its device, in its buffers, without a copy. */

import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { rangeError } from '../../check.ts';
import { sizeOf } from '../../tensor.ts';
import type { KernelProgram } from '../../webgpu/program.ts';
import { heeding } from './webgpuRefusals.ts';

/** One use of a kernel with one output, which the program calls `result`. */
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

/**
 * Runs a kernel on float32 tensors of tfjs's current backend, which must be `webgpu`.
 *
 * @throws RangeError where a tensor exceeds what the device binds; what the device refuses is thrown later, see `heeding`.
 */
export function runOnTfjsWebgpu(call: TfjsWebgpuCall): tf.Tensor {
  const backend = tf.backend() as WebGPUBackend;
  const { program } = call;
  const most = backend.device.limits.maxStorageBufferBindingSize;
  for (const shape of [...call.inputs.map((input) => input.shape), call.outputShape]) {
    const bytes = 4 * sizeOf(shape);
    if (bytes > most) {
      throw rangeError(
        `tfjs webgpu kernel '${program.name}'`,
        'tensor',
        `of at most ${most} bytes (the device's maxStorageBufferBindingSize)`,
        bytes,
        'Split the batch.',
      );
    }
  }
  return heeding(program.name, () => {
    const inputs = call.inputs.map((input) => asFloats(backend, input));
    const output = backend.runWebGPUProgram(tfjsProgram(call), inputs, 'float32', [
      { type: 'uint32', data: [call.units] },
      { type: 'uint32', data: [0] },
      ...Object.entries(program.uniforms).map(([uniform, type]) => ({
        type: type === 'u32' ? 'uint32' : type === 'i32' ? 'int32' : 'float32',
        data: [call.uniforms[uniform]!],
      })),
    ]);
    return tf.engine().makeTensorFromTensorInfo(output);
  });
}

/** Float32 tensors are bound as they are. tfjs's cast of labels from int32 keeps their bits; an addition converts them. */
function asFloats(backend: WebGPUBackend, input: tf.Tensor): tf.Tensor {
  if (backend.tensorMap.get(input.dataId).dtype === 'float32') return input;
  return tf.add(tf.cast(input, 'float32'), 0);
}

/**
 * tfjs spreads workgroups over further dimensions where one holds too few, and may start more of them than it is asked for.
 * Its numbers of workgroups are private variables, which WGSL does not take for the same in all lanes; the copy in workgroup
 * memory is, so a kernel may branch on `group` before a barrier.
 */
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
var<workgroup> groupOfAllLanes: u32;
fn main(flatIndex: i32) {
  let lane = localIndex;
  if (lane == 0u) {
    groupOfAllLanes = (workgroupId.z * numWorkgroups.y + workgroupId.y) * numWorkgroups.x + workgroupId.x;
  }
  let group = workgroupUniformLoad(&groupOfAllLanes);
  let index = group * ${program.workgroupSize}u + lane;
${program.body}
}
`,
  };
}
