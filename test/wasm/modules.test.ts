/** Two modules share a memory: the kernels, and those that metrics alone use. */
import { calibrationError, measureOn } from 'dark-knowledge';
import { wasmBackend } from 'dark-knowledge/wasm';
import { expect, it } from 'vitest';
import type { MetricKernels } from '../../src/wasm/assemblyExports.ts';
import { metricModule } from '../../src/wasm/generated/metrics.ts';
import { firstFreeByte, moduleBytes, startKernels } from '../../src/wasm/instance.ts';

it('their constants lie apart, and below all tensors', () => {
  const { kernels, memory } = startKernels(false, false);
  const module = new WebAssembly.Module(moduleBytes(metricModule, false, false));
  const metrics = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as MetricKernels;
  // Where scripts/build-wasm.ts has the constants of metrics begin.
  expect(kernels.constantsEnd()).toBeLessThanOrEqual(2048);
  expect(metrics.constantsEnd()).toBeGreaterThan(2048);
  expect(metrics.constantsEnd()).toBeLessThanOrEqual(firstFreeByte);
});

it('the second one is nobody’s tensor', async () => {
  for (const threads of [1, 2]) {
    const backend = wasmBackend({ threads });
    const before = backend.byteCount();
    const logits = { data: Float32Array.of(1, 2, 3, 1, 0, 2), shape: [2, 3] };
    await measureOn(backend, calibrationError(), { logits, labels: [2, 0] });
    expect(backend.byteCount()).toBe(before);
    backend.close();
  }
});
