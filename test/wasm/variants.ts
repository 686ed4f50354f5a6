import { type WasmBackend, wasmBackend } from 'dark-knowledge/wasm';
import { describe } from 'vitest';
import { relaxedSimdIsSupported } from '../../src/wasm/instance.ts';

/** Declares tests for both builds of the kernels; the one that this engine cannot run is a visible skip. */
export function describeVariants(
  title: string,
  declare: (open: () => WasmBackend, relaxedSimd: boolean) => void,
): void {
  for (const relaxedSimd of [false, true]) {
    const missing = relaxedSimd && !relaxedSimdIsSupported();
    describe.skipIf(missing)(`${title}, ${relaxedSimd ? 'relaxed' : 'plain'} SIMD`, () => {
      const relaxed = relaxedSimd && !missing;
      declare(() => wasmBackend({ relaxedSimd: relaxed }), relaxed);
    });
  }
}
