/**
 * WebGPU's own types where a program has them (`@webgpu/types`, or TypeScript's DOM library from 5.9 on), and where it has
 * none just enough of them for these declarations to be read.
 */

/** What objects of a global class are, or the given stand-in where the program's libraries declare no such class. */
type GlobalOr<Name extends string, StandIn> =
  typeof globalThis extends Readonly<Record<Name, { readonly prototype: infer Instance }>> ? Instance : StandIn;

/** `GPU`: `navigator.gpu`, or `create([])` of the npm package `webgpu`. */
export type Gpu = GlobalOr<'GPU', GpuOutline>;

/** `GPUDevice`. */
export type GpuDevice = GlobalOr<'GPUDevice', GpuDeviceOutline>;

/** `GPUBuffer`. */
export type GpuBuffer = GlobalOr<'GPUBuffer', GpuBufferOutline>;

interface GpuOutline {
  requestAdapter(options?: object): Promise<unknown>;
}

interface GpuDeviceOutline {
  readonly limits: object;
  readonly features: object;
  readonly queue: object;
  destroy(): void;
}

interface GpuBufferOutline {
  readonly size: number;
  readonly usage: number;
  destroy(): void;
}
