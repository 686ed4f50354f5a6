/** Runs this library's WGSL as programs of tfjs's `webgpu` backend: on its device, in its buffers, without a copy. */

import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '../../backend.ts';
import { tooLarge } from '../../webgpu/dispatch.ts';
import type { KernelProgram } from '../../webgpu/program.ts';
import { heeding } from './webgpuRefusals.ts';

/** One use of a kernel with one output, which the program calls `result`. */
export interface TfjsWebgpuCall {
  /** Names the program: equal keys have equal programs. */
  readonly key: string;
  readonly program: KernelProgram;
  readonly inputs: readonly tf.Tensor[];
  /** The tensor that the program writes, from `makeOnTfjsWebgpu`. */
  readonly output: tf.Tensor;
  readonly uniforms: Readonly<Record<string, number>>;
  readonly units: number;
  readonly groups: number;
}

/** A tensor of tfjs's current backend, which must be `webgpu`, for a kernel to write. */
export function makeOnTfjsWebgpu(shape: Shape): tf.Tensor {
  return tf.engine().makeTensorFromTensorInfo((tf.backend() as WebGPUBackend).makeTensorInfo([...shape], 'float32'));
}

/**
 * Runs a kernel on float32 tensors of tfjs's current backend, which must be `webgpu`, and returns its output.
 *
 * @throws RangeError where a tensor exceeds what the device binds; what the device refuses is thrown later, see `heeding`.
 */
export function runOnTfjsWebgpu(call: TfjsWebgpuCall): tf.Tensor {
  const backend = tf.backend() as WebGPUBackend;
  const { program, output } = call;
  const { maxStorageBufferBindingSize } = backend.device.limits;
  for (const { size } of [...call.inputs, output]) {
    if (4 * size > maxStorageBufferBindingSize) {
      throw tooLarge(`tfjs webgpu kernel '${program.name}'`, 4 * size, maxStorageBufferBindingSize);
    }
  }
  heeding(program.name, () => {
    const inputs = call.inputs.map((input) => flat(asFloats(backend, input)));
    const uniforms = [
      { type: 'uint32', data: [call.units] },
      { type: 'uint32', data: [0] },
      ...Object.entries(program.uniforms).map(([uniform, type]) => ({
        type: type === 'u32' ? 'uint32' : type === 'i32' ? 'int32' : 'float32',
        data: [call.uniforms[uniform]!],
      })),
    ];
    backend.runWebGPUProgram(tfjsProgram(call), inputs, 'float32', uniforms, flat(output));
  });
  return output;
}

/** The numbers in a row, whatever the shape: tfjs compiles a program for every rank, and has none beyond six axes. */
function flat({ dataId, size, dtype }: tf.Tensor): tf.TensorInfo {
  return { dataId, shape: [size], dtype };
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
function tfjsProgram({ key, program, output, groups }: TfjsWebgpuCall): WebGPUProgram {
  return {
    dispatch: [groups, 1, 1],
    dispatchLayout: { x: [0] },
    outputShape: [output.size],
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
