import type { Binding } from '../dispatch.ts';
import type { WebgpuTensor } from '../tensors.ts';
import type { KernelContext } from './context.ts';

/** Binds tensors for the kernels called `name`: all of a tensor, or so many elements for each unit of work. */
export const binderOf =
  ({ store }: KernelContext, name: string) =>
  (tensor: WebgpuTensor, perUnit = 0): Binding => ({
    storage: store.storageOf(tensor, name),
    perUnit,
  });
