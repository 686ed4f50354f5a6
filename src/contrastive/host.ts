/** The plain-name twins of the contrastive memory: host arrays in, host arrays out, synchronously. */
import { type CpuTensor, cpuBackend } from '../cpu/index.ts';
import type { Inputs } from '../inputs.ts';
import type { Form, Loss } from '../loss.ts';
import { type ContrastInput, estimatePartitionsOn, type Partitions } from '../losses/contrastive/estimatePartitions.ts';
import type { HostTensor, TensorLike } from '../tensor.ts';
import { type ContrastiveMemoryOptions, copied, type MemoryOn, makeMemory } from './contrastiveMemory.ts';
import type { ContrastiveMemoryState } from './memoryState.ts';

/** A memory on the host. */
export type ContrastiveMemory = MemoryOn<HostTensor, ContrastiveMemoryState>;

/**
 * Makes a memory for `crd` on the host: rows uniform over ±1/√(dimension/3), of the size of a unit vector, until `update`
 * replaces them.
 *
 * @returns The memory, in float32.
 * @throws RangeError for an option out of range.
 * @example
 * const memory = ContrastiveMemory({ size: 1000, dimension: 128, seed: 1 });
 * memory.estimatePartitions(loss, batch);
 * const { value, gradients } = valueAndGradients(loss, { ...batch, ...memory.tensors() });
 * memory.update({ ...batch, indices });
 * const state = memory.save();
 */
// @__NO_SIDE_EFFECTS__
export function ContrastiveMemory(options: ContrastiveMemoryOptions): ContrastiveMemory {
  const backend = cpuBackend();
  return makeMemory<CpuTensor, ContrastiveMemoryState>(backend, 'ContrastiveMemory', options, (tensors, finish) =>
    finish(copied({ ...tensors })),
  );
}

/**
 * Estimates the constants Z of `crd` on a batch of host arrays, in float64: see `estimatePartitionsOn`.
 *
 * @example
 * const partitions = estimatePartitions(loss, firstBatch);
 * const { value } = evaluate(loss, { ...batch, ...partitions });
 */
export function estimatePartitions<
  Input extends string,
  Differentiable extends string,
  Optional extends string,
  LossForm extends Form,
>(
  loss: Loss<Input, Differentiable, Optional, LossForm>,
  inputs: Inputs<ContrastInput<Input>, Optional, TensorLike>,
): Partitions<HostTensor> {
  return estimatePartitionsOn(cpuBackend({ precision: 'float64' }), loss, inputs);
}
