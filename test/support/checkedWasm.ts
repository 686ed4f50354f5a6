/** The wasm backend with each flush compared with what its eager backend computes from the same graph. */
import type { WasmBackend, WasmBackendOptions } from 'dark-knowledge/wasm';
import { describePlan } from '../../src/fusion/describe.ts';
import { interpret } from '../../src/fusion/interpret.ts';
import { planGraph } from '../../src/fusion/plan.ts';
import { lossKernels, metricKernels } from '../../src/wasm/kernels/index.ts';
import { openWasm, withThreads } from '../../src/wasm/wasmBackend.ts';
import { difference } from './randomGraphs.ts';

/**
 * Generated kernels and the eager backend round differently, and a graph may cancel what they round: a difference is one of
 * kind, such as a row read in place of a column. Relative to the larger of 1 and the number.
 */
const tolerance = 1e-3;

/** Opens it. A flush that differs throws, with its plan. */
export function openCheckedWasm(options: WasmBackendOptions = {}): WasmBackend {
  const kernels = (host: Parameters<typeof lossKernels>[0]) => [...lossKernels(host), ...metricKernels(host)];
  return openWasm(kernels, withThreads(options), {
    around: (execute, eager) => (graph) => {
      const results = execute(graph);
      const expected = interpret(eager, graph);
      results?.forEach((result, at) => {
        const text = difference(eager.readSync(result), eager.readSync(expected[at]!), tolerance);
        if (text !== undefined)
          throw new Error(`a flush differs in result ${at}: ${text}\n${describePlan(planGraph(graph))}`);
      });
      for (const tensor of expected) eager.dispose(tensor);
      return results;
    },
  }).backend;
}
