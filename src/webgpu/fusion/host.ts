/** Generated kernels on the tensors of the `webgpu` backend. */
import type { PlannerOptions } from '../../fusion/plan.ts';
import { type KernelCall, unitsThatFit } from '../dispatch.ts';
import type { TensorStore, WebgpuTensor } from '../tensors.ts';
import { type BoundTensor, type FusionCall, type FusionExecutor, fusionExecutor } from './executor.ts';
import type { DeviceShape } from './walk.ts';

/** Computes graphs on a device. */
export type WebgpuExecutor = FusionExecutor<WebgpuTensor>;

/** Settings of an executor. */
export interface WebgpuExecutorOptions {
  readonly store: TensorStore;
  readonly device: DeviceShape;
  /** For tests. */
  readonly planning?: Pick<PlannerOptions<unknown>, 'hashOf'>;
}

/** Makes an executor. */
export function webgpuExecutor({ store, device, planning }: WebgpuExecutorOptions): WebgpuExecutor {
  const { runtime } = store;
  const bind = ({ tensor, perUnit }: BoundTensor<WebgpuTensor>) => ({
    storage: store.storageOf(tensor, 'fusion'),
    perUnit,
  });
  const callOf = ({ kernel, reads, writes, uniforms, geometry }: FusionCall<WebgpuTensor>): KernelCall => ({
    key: kernel.source,
    build: () => kernel.program,
    reads: reads.map(bind),
    writes: writes.map(bind),
    uniforms,
    units: geometry.units,
    groups: geometry.groups,
  });
  return fusionExecutor(
    {
      scope: store.scope,
      make: (shape) => store.make(shape, 'fusion'),
      share: store.share,
      fromHost: store.fromHost,
      run(given) {
        const calls = given.map(callOf);
        // All of them, before the first one runs.
        if (calls.some((call) => unitsThatFit(call, runtime.device.limits) === 0)) return false;
        for (const call of calls) runtime.run(call);
        return true;
      },
    },
    device,
    planning,
  );
}
