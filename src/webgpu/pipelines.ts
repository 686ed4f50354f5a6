/** Compiled kernels, kept by their keys. */
import { guarded } from './deviceErrors.ts';
import { type KernelProgram, sourceOf } from './program.ts';

/** A kernel that is compiled, or being compiled. */
export interface Pipeline {
  readonly program: KernelProgram;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** The error of its compilation; undefined once it is known to be sound. */
  failure: Promise<Error | undefined> | undefined;
}

/** Finds a kernel by its key, or compiles it. */
export function createPipelines(device: GPUDevice): (key: string, build: () => KernelProgram) => Pipeline {
  const pipelines = new Map<string, Pipeline>();
  const layouts = new Map<string, GPUBindGroupLayout>();

  const layoutFor = (reads: number, writes: number): GPUBindGroupLayout => {
    const key = `${reads},${writes}`;
    const known = layouts.get(key);
    if (known) return known;
    const types: GPUBufferBindingType[] = [
      'uniform',
      ...Array<GPUBufferBindingType>(reads).fill('read-only-storage'),
      ...Array<GPUBufferBindingType>(writes).fill('storage'),
    ];
    const made = device.createBindGroupLayout({
      entries: types.map((type, binding) => ({ binding, visibility: 4, buffer: { type } })),
    });
    layouts.set(key, made);
    return made;
  };

  return (key, build) => {
    const known = pipelines.get(key);
    if (known) return known;
    const program = build();
    const { result, failure } = guarded(device, ['validation', 'internal'], `kernel '${program.name}'`, () => {
      const layout = layoutFor(program.reads.length, program.writes.length);
      const pipeline = device.createComputePipeline({
        label: program.name,
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: {
          module: device.createShaderModule({ code: sourceOf(program), label: program.name }),
          entryPoint: 'main',
        },
      });
      return { pipeline, layout };
    });
    const made: Pipeline = { program, ...result, failure };
    failure.then((error) => {
      if (error === undefined) made.failure = undefined;
    });
    pipelines.set(key, made);
    return made;
  };
}
