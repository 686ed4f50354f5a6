/** Generated kernels on tfjs's `webgpu` backend: each writes one tensor, as programs of tfjs do. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { tooLarge } from '../../webgpu/dispatch.ts';
import { type FusionCall, type FusionExecutor, fusionExecutor } from '../../webgpu/fusion/executor.ts';
import type { DeviceShape } from '../../webgpu/fusion/walk.ts';
import type { KernelProgram } from '../../webgpu/program.ts';
import { packedOutputs } from '../kernels/packedOutputs.ts';
import { makeOnTfjsWebgpu, runOnTfjsWebgpu } from '../kernels/webgpuProgram.ts';

/** Makes an executor for tfjs's current backend, which must be `webgpu`. */
export function tfjsExecutor(): FusionExecutor<tf.Tensor> {
  const programs = new Map<string, KernelProgram>();

  function run({ kernel, reads, writes, uniforms, geometry }: FusionCall<tf.Tensor>): void {
    const { source, program: own } = kernel;
    const program = programs.get(source) ?? packedOutputs(own);
    programs.set(source, program);
    runOnTfjsWebgpu({
      key: `${program.name} ${source}`,
      program,
      inputs: reads.map(({ tensor }) => tensor),
      output: writes[0]!.tensor,
      uniforms,
      units: geometry.units,
      groups: geometry.groups(geometry.units),
    });
  }

  return fusionExecutor(
    {
      scope: (compute) => tf.tidy(compute as () => tf.TensorContainer) as ReturnType<typeof compute>,
      make: makeOnTfjsWebgpu,
      share: (tensor, shape) => tf.reshape(tensor, shape.slice()),
      fromHost: ({ data, shape }) => tf.tensor(Float32Array.from(data), shape.slice()),
      run(calls) {
        refuseLarge(calls);
        calls.forEach(run);
        return true;
      },
    },
    deviceShape(),
  );
}

/** Refuses what the device cannot bind, before anything runs: tfjs's own kernels would bind it whole too. */
function refuseLarge(calls: readonly FusionCall<tf.Tensor>[]): void {
  const { maxStorageBufferBindingSize: most } = (tf.backend() as WebGPUBackend).device.limits;
  for (const { kernel, reads, writes } of calls) {
    for (const { tensor } of [...reads, ...writes]) {
      if (4 * tensor.size > most) throw tooLarge(`tfjs webgpu kernel '${kernel.program.name}'`, 4 * tensor.size, most);
    }
  }
}

function deviceShape(): DeviceShape {
  const { limits } = (tf.backend() as WebGPUBackend).device;
  // Four numbers a lane are joined, each in two places; the workgroup's number takes 4 bytes.
  const most = Math.min(
    limits.maxComputeInvocationsPerWorkgroup,
    limits.maxComputeWorkgroupSizeX,
    (limits.maxComputeWorkgroupStorageSize - 4) / 32,
    1024,
  );
  return {
    subgroupSize: 0,
    mostLanes: 2 ** Math.floor(Math.log2(most)),
    mostBuffers: limits.maxStorageBuffersPerShaderStage,
    mostWrites: 1,
  };
}
