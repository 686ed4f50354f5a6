/** Runs this library's WGSL as programs of tfjs's `webgpu` backend: on its device, in its buffers, without a copy. */

import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { rangeError } from '../../check.ts';
import { sizeOf } from '../../tensor.ts';
import type { KernelProgram } from '../../webgpu/program.ts';

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

/** What the device has yet to say about the programs sent to it, and what it said that nobody has been told. */
interface Verdicts {
  pending: Promise<unknown>;
  failure?: Error | undefined;
}

const verdicts = new WeakMap<GPUDevice, Verdicts>();

/**
 * Runs a kernel on float32 tensors of tfjs's current backend, which must be `webgpu`.
 *
 * A tensor over a buffer of another device (`tf.tensor({ buffer, zeroCopy: true })`) makes the device refuse the program,
 * about which tfjs says nothing; here the next call, or `throwRefusals`, throws.
 *
 * @throws RangeError where a tensor exceeds what the device binds.
 */
export function runOnTfjsWebgpu(call: TfjsWebgpuCall): tf.Tensor {
  const backend = tf.backend() as WebGPUBackend;
  const { device } = backend;
  const verdict = verdictsOf(device);
  throwFailure(verdict);
  const { program } = call;
  const { name } = program;
  const most = device.limits.maxStorageBufferBindingSize;
  for (const shape of [...call.inputs.map((input) => input.shape), call.outputShape]) {
    const bytes = 4 * sizeOf(shape);
    if (bytes > most) {
      throw rangeError(
        `tfjs webgpu kernel '${name}'`,
        'tensor',
        `of at most ${most} bytes (the device's maxStorageBufferBindingSize)`,
        bytes,
        'Split the batch.',
      );
    }
  }
  const inputs = call.inputs.map((input) => asFloats(backend, input));
  device.pushErrorScope('validation');
  try {
    const output = backend.runWebGPUProgram(tfjsProgram(call), inputs, 'float32', [
      { type: 'uint32', data: [call.units] },
      { type: 'uint32', data: [0] },
      ...Object.entries(program.uniforms).map(([uniform, type]) => ({
        type: type === 'u32' ? 'uint32' : type === 'i32' ? 'int32' : 'float32',
        data: [call.uniforms[uniform]!],
      })),
    ]);
    return tf.engine().makeTensorFromTensorInfo(output);
  } finally {
    const heard = device.popErrorScope().then(
      (error) => {
        if (error) verdict.failure = refusal(name, error.message);
      },
      () => undefined,
    );
    verdict.pending = verdict.pending.then(() => heard);
  }
}

/** Waits for the device's verdict on the programs sent so far, and throws where it refused one. */
export async function throwRefusals(): Promise<void> {
  const backend = tf.getBackend() === 'webgpu' ? (tf.backend() as WebGPUBackend) : undefined;
  const verdict = backend && verdicts.get(backend.device);
  if (!verdict) return;
  await verdict.pending;
  throwFailure(verdict);
}

function verdictsOf(device: GPUDevice): Verdicts {
  const known = verdicts.get(device) ?? { pending: Promise.resolve() };
  verdicts.set(device, known);
  return known;
}

/** Says it once. */
function throwFailure(verdict: Verdicts): void {
  const { failure } = verdict;
  verdict.failure = undefined;
  if (failure) throw failure;
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
