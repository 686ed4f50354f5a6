/** The generator of `random.ts` in WGSL, and rows drawn with it, number for number as on the host. */
import type { KernelProgram } from '../program.ts';

/** What a kernel that draws rows is bound to. */
export interface RowDrawParts {
  readonly reads: readonly string[];
  readonly uniforms: Readonly<Record<string, 'u32'>>;
  /** `drawnRow(sample, k)`; a sample is counted from the first one of the dispatch. */
  readonly declarations: string;
}

/**
 * For rows in an order, or by number. Each factor of the 64-bit product is split into halves of 16 bits, since WGSL
 * multiplies to 32; no sum of theirs overflows.
 */
export function rowDrawParts(ordered: boolean): RowDrawParts {
  return {
    reads: ordered ? ['skips', 'order'] : ['skips'],
    uniforms: { seed: 'u32', count: 'u32', population: 'u32' },
    declarations: `
fn mixed(value: u32) -> u32 {
  var hash = (value ^ (value >> 16u)) * 0x7feb352du;
  hash = (hash ^ (hash >> 15u)) * 0x846ca68bu;
  return hash ^ (hash >> 16u);
}
fn highWord(a: u32, b: u32) -> u32 {
  let aLow = a & 0xffffu;
  let aHigh = a >> 16u;
  let bLow = b & 0xffffu;
  let bHigh = b >> 16u;
  let first = aHigh * bLow + ((aLow * bLow) >> 16u);
  let second = aLow * bHigh + (first & 0xffffu);
  return aHigh * bHigh + (first >> 16u) + (second >> 16u);
}
fn drawnRow(sample: u32, k: u32) -> u32 {
  let counter = (uniforms.firstUnit + sample) * uniforms.count + k;
  let bits = mixed(mixed(counter + 0x9e3779b9u) ^ mixed(uniforms.seed ^ 0x85ebca6bu));
  let skip = 4u * sample;
  var place = highWord(bits, uniforms.population - skips[skip + 1u] - skips[skip + 3u]);
  if (place >= skips[skip]) { place += skips[skip + 1u]; }
  if (place >= skips[skip + 2u]) { place += skips[skip + 3u]; }
  return ${ordered ? 'order[place]' : 'place'};
}
`,
  };
}

export const rowDrawWorkgroup = 256;

/** Writes all rows of a draw, as the float32 numbers that other kernels take. */
export function rowDrawProgram(ordered: boolean): KernelProgram {
  const { reads, uniforms, declarations } = rowDrawParts(ordered);
  return {
    name: 'drawRows',
    reads,
    integers: reads,
    writes: ['result'],
    uniforms,
    workgroupSize: rowDrawWorkgroup,
    declarations,
    body: `
  if (index >= uniforms.units * uniforms.count) { return; }
  result[index] = f32(drawnRow(index / uniforms.count, index % uniforms.count));`,
  };
}
