/** The compiled kernels: what the engine can run of them, and one instance with its memory. */
import { bytesOfText, toBytes } from '../moduleText.ts';
import type { Kernels } from './assemblyExports.ts';
import { withFusedSums } from './fused.ts';
import { kernelModule } from './generated/kernels.ts';

/** An instance of the kernels and its memory. */
export interface KernelInstance {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
}

const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** A module with one function [] → [v128] whose body, after the locals, is `body`. */
function probe(...body: readonly number[]): Uint8Array<ArrayBuffer> {
  const type = [0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b];
  const functions = [0x03, 0x02, 0x01, 0x00];
  const code = [0, ...body, 0x0b];
  return Uint8Array.of(...header, ...type, ...functions, 0x0a, code.length + 2, 1, code.length, ...code);
}

const zeros = [0x41, 0, 0xfd, 0x0f]; // i32.const 0, i8x16.splat

/** Whether the engine knows a module's instructions, and lets it be compiled: a policy may forbid that alone. */
function compiles(bytes: Uint8Array<ArrayBuffer>): boolean {
  try {
    new WebAssembly.Module(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Whether code may be compiled at run time at all. */
export function canCompile(): boolean {
  return compiles(Uint8Array.of(...header));
}

/** Whether this engine runs WebAssembly with SIMD, which `wasmBackend` needs, and may compile it here. */
export function wasmIsSupported(): boolean {
  return compiles(probe(...zeros));
}

/** Whether this engine has relaxed SIMD, and with it fused multiply-add. */
export function relaxedSimdIsSupported(): boolean {
  return compiles(probe(...zeros, ...zeros, ...zeros, 0xfd, 0x85, 0x02)); // f32x4.relaxed_madd
}

/** The import of `env.memory` with a maximum, up to its flags. */
const memoryImport = [3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2];

/** Makes a module's memory import a shared one: bit 1 of its flags is the only difference between the two modules. */
function shareMemory(bytes: Uint8Array): void {
  const at = bytes.findIndex((_, index) => memoryImport.every((byte, offset) => bytes[index + offset] === byte));
  bytes[at + memoryImport.length]! |= 2;
}

/** The bytes of a module that lies in the library as text: with fused multiply-add, with shared memory, where they are there. */
export function moduleBytes(text: string, relaxed: boolean, shared: boolean): Uint8Array<ArrayBuffer> {
  const plain = bytesOfText(text);
  const bytes = toBytes(relaxed ? withFusedSums(plain) : plain);
  if (shared) shareMemory(bytes);
  return bytes;
}

/** Constants of all modules lie below this byte. */
export const firstFreeByte = 4096;

/** Compiles and starts the kernels. Synchronous: they are small. */
export function startKernels(relaxed: boolean, shared: boolean): KernelInstance {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared });
  const module = new WebAssembly.Module(moduleBytes(kernelModule, relaxed, shared));
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return { kernels: instance.exports as unknown as Kernels, memory, module };
}
