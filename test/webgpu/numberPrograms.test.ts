/** Numbers of rows, of columns and of labels are not taken for one another on webgpu. */
import { describe, expect, it } from 'vitest';
import { openWebgpuParts } from '../../src/webgpu/webgpuBackend.ts';
import { expectedOf, numberPrograms, resultsOf } from '../support/numberPrograms.ts';
import { difference } from '../support/randomGraphs.ts';
import { testDevice } from '../support/webgpuTests.ts';

const need = testDevice();

describe('generated kernels compute on webgpu what float64 says', () => {
  for (const program of numberPrograms) {
    it(`of ${program.title}`, async (context) => {
      const { backend, recorder } = openWebgpuParts(need(context));
      const results = resultsOf(backend, program);
      expect(recorder.counters).toEqual({ flushes: 1, interpreted: 0 });
      const expected = expectedOf(program);
      for (const [at, tensor] of results.entries()) {
        expect(difference(await backend.read(tensor), expected[at]!, 1e-4), `result ${at}`).toBeUndefined();
      }
    });
  }
});
