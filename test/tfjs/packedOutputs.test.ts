import { describe, expect, it } from 'vitest';
import { packedOutputs } from '../../src/tfjs/kernels/packedOutputs.ts';
import type { KernelProgram } from '../../src/webgpu/program.ts';

const program: KernelProgram = {
  name: 'two sums',
  reads: ['x'],
  writes: ['sum', 'places'],
  uniforms: { width: 'u32' },
  workgroupSize: 64,
  declarations: 'fn put(at: u32) { places[at] = 1.0; }',
  body: 'sum[u32(x[lane * uniforms.width])] = checksum[0] + sum[1u]; places[order[lane]] = 2.0;',
};

describe('several outputs as one', () => {
  it('every use of an output becomes one of its part, whatever brackets its index has', () => {
    expect(packedOutputs(program)).toEqual({
      ...program,
      writes: ['result'],
      uniforms: { width: 'u32', sumStart: 'u32', placesStart: 'u32' },
      declarations: 'fn put(at: u32) { result[uniforms.placesStart + (at)] = 1.0; }',
      body:
        'result[uniforms.sumStart + (u32(x[lane * uniforms.width]))] = checksum[0] + result[uniforms.sumStart + (1u)]; ' +
        'result[uniforms.placesStart + (order[lane])] = 2.0;',
    });
  });

  it('a single output is called result, and has no start', () => {
    const single: KernelProgram = { ...program, writes: ['sum'], body: 'sum[index] = x[index];', declarations: '' };
    expect(packedOutputs(single)).toEqual({ ...single, writes: ['result'], body: 'result[index] = x[index];' });
  });
});
