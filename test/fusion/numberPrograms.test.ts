/** Numbers of rows, of columns and of labels are not taken for one another on wasm. */
import { describe, expect, it } from 'vitest';
import { openWasm } from '../../src/wasm/wasmBackend.ts';
import { expectedOf, numberPrograms, resultsOf } from '../support/numberPrograms.ts';
import { difference } from '../support/randomGraphs.ts';

describe('generated kernels compute what float64 says', () => {
  for (const program of numberPrograms) {
    it(`of ${program.title}`, () => {
      const { backend, recorder } = openWasm(() => []);
      const results = resultsOf(backend, program);
      expect(recorder.counters).toEqual({ flushes: 1, interpreted: 0 });
      const expected = expectedOf(program);
      results.forEach((tensor, at) => {
        expect(difference(backend.readSync(tensor), expected[at]!, 1e-4), `result ${at}`).toBeUndefined();
      });
    });
  }
});
