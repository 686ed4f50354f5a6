/** What the kernels of the `webgpu` backend work with, over tfjs's tensors: one source for both. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import type { Backend } from '../../backend.ts';
import type { KernelContext } from '../../webgpu/kernels/context.ts';
import type { KernelProgram } from '../../webgpu/program.ts';
import { packedOutputs } from './packedOutputs.ts';
import { makeOnTfjsWebgpu, runOnTfjsWebgpu } from './webgpuProgram.ts';

type T = tf.Tensor;

/** A kernel call of `webgpu/dispatch.ts` whose storages are tensors of tfjs. */
interface TfjsKernelCall {
  readonly key: string;
  readonly build: () => KernelProgram;
  readonly reads: readonly { readonly storage: T }[];
  readonly writes: readonly { readonly storage: T }[];
  readonly uniforms?: Readonly<Record<string, number>>;
  readonly units: number;
  readonly groups: (units: number) => number;
}

/** A part of a packed output to the tensor that was made for it. */
const copyProgram: KernelProgram = {
  name: 'part of outputs',
  reads: ['outputs'],
  writes: ['result'],
  uniforms: { start: 'u32' },
  workgroupSize: 64,
  body: 'if (index < uniforms.units) { result[index] = outputs[uniforms.start + index]; }',
};

/** The context. `backend` does what is left to the vocabulary of operations. */
export function webgpuContext(backend: Backend<T>): KernelContext {
  const programs = new Map<string, KernelProgram>();

  const run = ({ key, build, reads, writes, uniforms = {}, units, groups }: TfjsKernelCall): void => {
    if (units === 0) return;
    const program = programs.get(key) ?? packedOutputs(build());
    programs.set(key, program);
    const inputs = reads.map(({ storage }) => storage);
    const outputs = writes.map(({ storage }) => storage);
    const call = { key, program, inputs, units, groups: groups(units) };
    if (outputs.length === 1) {
      runOnTfjsWebgpu({ ...call, uniforms, output: outputs[0]! });
      return;
    }
    const starts = [0];
    outputs.forEach(({ size }, at) => {
      starts.push(starts[at]! + size);
    });
    const packed = makeOnTfjsWebgpu([starts.at(-1)!]);
    const names = Object.keys(program.uniforms).slice(-outputs.length);
    const placed = Object.fromEntries(names.map((name, at) => [name, starts[at]!]));
    runOnTfjsWebgpu({ ...call, uniforms: { ...uniforms, ...placed }, output: packed });
    outputs.forEach((output, at) => {
      runOnTfjsWebgpu({
        key: copyProgram.name,
        program: copyProgram,
        inputs: [packed],
        uniforms: { start: starts[at]! },
        units: output.size,
        groups: Math.ceil(output.size / copyProgram.workgroupSize),
        output,
      });
    });
    packed.dispose();
  };

  const store = {
    make: makeOnTfjsWebgpu,
    fromHost: backend.fromHost,
    check: () => undefined,
    storageOf: (x: T) => x,
    runtime: {
      run,
      get device() {
        const { maxStorageBufferBindingSize } = (tf.backend() as WebGPUBackend).device.limits;
        // Half of it: outputs of a program are bound together.
        return { limits: { maxStorageBufferBindingSize: maxStorageBufferBindingSize / 2 } };
      },
    },
  };
  // Kernels know of a tensor its shape alone, and of its storage nothing: a tensor of tfjs serves as both.
  return { store, backend, subgroupSize: 0, mostLanes: 256 } as unknown as KernelContext;
}
