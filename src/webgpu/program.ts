/** What a compute kernel is, and the WGSL around its body. */

/** A kernel's source, independent of shapes: sizes are uniforms, so one pipeline serves all shapes. */
export interface KernelProgram {
  /** For labels and error messages. */
  readonly name: string;
  /** Read-only arrays of f32, bound in this order. */
  readonly reads: readonly string[];
  /** Those among the reads that are arrays of u32: as f32, small whole numbers are denormal and may be read as 0. */
  readonly integers?: readonly string[];
  /** Arrays of f32 that the kernel writes, bound after them. */
  readonly writes: readonly string[];
  /** Numbers, as `uniforms.name`. `units` and `firstUnit` come by themselves. */
  readonly uniforms: Readonly<Record<string, 'u32' | 'i32' | 'f32'>>;
  readonly workgroupSize: number;
  /** Functions and workgroup variables. */
  readonly declarations?: string;
  /**
   * The body of `main`. It sees `group` (number of the workgroup), `lane` (number within the workgroup) and
   * `index` = group·workgroupSize + lane.
   */
  readonly body: string;
  /** Whether the source uses subgroup functions. */
  readonly subgroups?: boolean;
}

/** The complete WGSL of a kernel. */
export function sourceOf(program: KernelProgram): string {
  const { reads, integers = [], writes, uniforms, workgroupSize, declarations = '', body, subgroups } = program;
  const fields = Object.entries(uniforms).map(([name, type]) => `  ${name}: ${type},`);
  const buffers = [
    ...reads.map(
      (name, at) =>
        `@group(0) @binding(${at + 1}) var<storage, read> ${name}: array<${integers.includes(name) ? 'u32' : 'f32'}>;`,
    ),
    ...writes.map(
      (name, at) => `@group(0) @binding(${reads.length + at + 1}) var<storage, read_write> ${name}: array<f32>;`,
    ),
  ];
  return `${subgroups ? 'enable subgroups;\n' : ''}
struct Uniforms {
  units: u32,
  firstUnit: u32,
${fields.join('\n')}
}
@group(0) @binding(0) var<uniform> uniforms: Uniforms;
${buffers.join('\n')}
${declarations}
@compute @workgroup_size(${workgroupSize})
fn main(
  @builtin(workgroup_id) groupPosition: vec3u,
  @builtin(num_workgroups) groupCounts: vec3u,
  @builtin(local_invocation_index) lane: u32,${subgroups ? '\n  @builtin(subgroup_size) lanesOfSubgroup: u32,' : ''}
) {
  let group = groupPosition.x + groupPosition.y * groupCounts.x;
  let index = group * ${workgroupSize}u + lane;
${body}
}
`;
}

/** Uniform values as bytes, in the order of the program's declaration. */
export function uniformBytes(
  program: KernelProgram,
  units: number,
  firstUnit: number,
  values: Readonly<Record<string, number>>,
): ArrayBuffer {
  const names = Object.entries(program.uniforms);
  // A uniform binding's size is a multiple of 16.
  const bytes = new ArrayBuffer(Math.ceil((names.length + 2) / 4) * 16);
  const view = new DataView(bytes);
  view.setUint32(0, units, true);
  view.setUint32(4, firstUnit, true);
  names.forEach(([name, type], at) => {
    const value = values[name]!;
    if (type === 'f32') view.setFloat32(8 + 4 * at, value, true);
    else if (type === 'i32') view.setInt32(8 + 4 * at, value, true);
    else view.setUint32(8 + 4 * at, value, true);
  });
  return bytes;
}
