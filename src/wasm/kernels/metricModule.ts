/** The module of the kernels that metrics alone use, started when the first of them is called. */
import type { MetricKernels } from '../assemblyExports.ts';
import { metricModule } from '../generated/metrics.ts';
import type { AddedModule, Callable } from '../threads.ts';
import type { KernelHost } from './rows.ts';

/** Its functions, for the calling thread and for all. */
export interface MetricFunctions {
  here(): MetricKernels;
  /** What `threads.run` calls. */
  everywhere(name: keyof MetricKernels): Callable;
}

/** The functions on a backend. */
export function metricFunctions({ start }: KernelHost): MetricFunctions {
  let started: AddedModule | undefined;
  const module = (): AddedModule => {
    started ??= start(metricModule);
    return started;
  };
  return {
    here: () => module().exports as unknown as MetricKernels,
    everywhere: (name) => ({ module: module(), name }),
  };
}
