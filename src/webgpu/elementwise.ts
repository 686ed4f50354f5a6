/** Element-wise operations with broadcasting, and copies under a permutation: one generated kernel for all of them. */
import type { Shape } from '../backend.ts';
import { broadcastShape, broadcastStrides } from '../layout.ts';
import { sizeOf } from '../tensor.ts';
import { exponential, logarithm, specialValues } from './arithmetic.ts';
import type { Binding } from './dispatch.ts';
import { joinAxes } from './layout.ts';
import type { KernelProgram } from './program.ts';
import type { TensorStore, WebgpuTensor } from './tensors.ts';

/** An operation on numbers: as WGSL over `a`, `b`, `c`, and on the host for operands that the host knows. */
export interface ElementwiseOperation {
  readonly name: string;
  readonly wgsl: string;
  readonly onHost: (a: number, b: number, c: number) => number;
}

type OperationName =
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'maximum'
  | 'greater'
  | 'where'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'abs'
  | 'copy';

/** The contract's element-wise members, and a copy. */
export const elementwiseOperations: Readonly<Record<OperationName, ElementwiseOperation>> = {
  add: { name: 'add', wgsl: 'a + b', onHost: (a, b) => a + b },
  subtract: { name: 'subtract', wgsl: 'a - b', onHost: (a, b) => a - b },
  multiply: { name: 'multiply', wgsl: 'a * b', onHost: (a, b) => a * b },
  divide: { name: 'divide', wgsl: 'a / b', onHost: (a, b) => a / b },
  maximum: { name: 'maximum', wgsl: 'larger(a, b)', onHost: (a, b) => Math.max(a, b) },
  greater: { name: 'greater', wgsl: 'select(0.0, 1.0, exceeds(a, b))', onHost: (a, b) => (a > b ? 1 : 0) },
  where: { name: 'where', wgsl: 'select(b, c, isZero(a))', onHost: (a, b, c) => (a !== 0 ? b : c) },
  exp: { name: 'exp', wgsl: 'exponential(a)', onHost: Math.exp },
  log: { name: 'log', wgsl: 'logarithm(a)', onHost: Math.log },
  sqrt: { name: 'sqrt', wgsl: 'sqrt(a)', onHost: Math.sqrt },
  abs: { name: 'abs', wgsl: 'bitcast<f32>(bitcast<u32>(a) & 0x7fffffffu)', onHost: Math.abs },
  copy: { name: 'copy', wgsl: 'a', onHost: (a) => a },
};

const LETTERS = ['a', 'b', 'c'] as const;
/** The operands as the contract calls them, by their number. */
const ARGUMENTS = [[], ['x'], ['a', 'b'], ['condition', 'a', 'b']] as const;
const WORKGROUP = 256;

/** How an operand is found: a uniform, the element in step with the result, the only element, or by strides. */
type Access = 'constant' | 'same' | 'single' | 'strided';

/** Applies an operation. `strides` overrides broadcasting: it is the walk of the only operand over `shape`. */
export function elementwise(
  store: TensorStore,
  operation: ElementwiseOperation,
  operands: readonly WebgpuTensor[],
  permuted?: { readonly shape: Shape; readonly strides: readonly number[] },
): WebgpuTensor {
  operands.forEach((operand, at) => {
    store.check(operand, operation.name, ARGUMENTS[operands.length]?.[at]);
  });
  const shape =
    permuted?.shape ??
    broadcastShape(
      `webgpuBackend.${operation.name}`,
      operands.map((operand) => operand.shape),
    );
  const size = sizeOf(shape);
  if (size === 1 && operands.every(({ constant }) => constant !== undefined)) {
    const [a, b = 0, c = 0] = operands.map(({ constant }) => constant!);
    return store.constant(operation.onHost(a!, b, c), shape);
  }
  const walk = joinAxes(
    shape,
    operands.map((operand) => permuted?.strides ?? broadcastStrides(operand.shape, shape)),
  );
  const access = operands.map((operand, at): Access => {
    if (operand.constant !== undefined) return 'constant';
    if (sizeOf(operand.shape) === 1) return 'single';
    const strides = walk.strides[at]!;
    return strides.length === 1 && strides[0] === 1 ? 'same' : isRowMajor(walk.extents, strides) ? 'same' : 'strided';
  });
  const rank = access.includes('strided') ? walk.extents.length : 0;
  const uniforms: Record<string, number> = {};
  for (let axis = 0; axis < rank; axis++) uniforms[`extent${axis}`] = walk.extents[axis]!;
  const reads: Binding[] = [];
  operands.forEach((operand, at) => {
    const letter = LETTERS[at]!;
    if (access[at] === 'constant') {
      uniforms[`${letter}Constant`] = operand.constant!;
      return;
    }
    reads.push({ storage: store.storageOf(operand, operation.name), perUnit: access[at] === 'same' ? 1 : 0 });
    if (access[at] !== 'strided') return;
    for (let axis = 0; axis < rank; axis++) uniforms[`${letter}Stride${axis}`] = walk.strides[at]![axis]!;
  });
  const result = store.make(shape, operation.name);
  store.runtime.run({
    key: `elementwise ${operation.name} ${access.join(' ')} ${rank}`,
    build: () => elementwiseProgram(operation, access, rank),
    reads,
    writes: [{ storage: result.storage!, perUnit: 1 }],
    uniforms,
    units: size,
    groups: (units) => Math.ceil(units / WORKGROUP),
  });
  return result;
}

function isRowMajor(extents: readonly number[], strides: readonly number[]): boolean {
  let stride = 1;
  for (let axis = extents.length - 1; axis >= 0; axis--) {
    if (strides[axis] !== stride) return false;
    stride *= extents[axis]!;
  }
  return true;
}

function elementwiseProgram(operation: ElementwiseOperation, access: readonly Access[], rank: number): KernelProgram {
  const uniforms: Record<string, 'u32' | 'f32'> = {};
  for (let axis = 0; axis < rank; axis++) uniforms[`extent${axis}`] = 'u32';
  const reads: string[] = [];
  const offsets: string[] = [];
  const values = access.map((kind, at) => {
    const letter = LETTERS[at]!;
    if (kind === 'constant') {
      uniforms[`${letter}Constant`] = 'f32';
      return `  let ${letter} = uniforms.${letter}Constant;`;
    }
    reads.push(`${letter}Data`);
    if (kind === 'strided') {
      for (let axis = 0; axis < rank; axis++) uniforms[`${letter}Stride${axis}`] = 'u32';
      offsets.push(letter);
      return `  let ${letter} = ${letter}Data[${letter}Offset];`;
    }
    return `  let ${letter} = ${letter}Data[${kind === 'single' ? '0' : 'index'}];`;
  });
  const coordinates: string[] = [];
  if (rank > 0) {
    coordinates.push('  var rest = uniforms.firstUnit + index;');
    for (const letter of offsets) coordinates.push(`  var ${letter}Offset = 0u;`);
    for (let axis = rank - 1; axis >= 0; axis--) {
      const own = axis === 0 ? 'rest' : `rest % uniforms.extent${axis}`;
      coordinates.push(`  let position${axis} = ${own};`);
      for (const letter of offsets) {
        coordinates.push(`  ${letter}Offset += position${axis} * uniforms.${letter}Stride${axis};`);
      }
      if (axis > 0) coordinates.push(`  rest /= uniforms.extent${axis};`);
    }
  }
  return {
    name: operation.name,
    reads,
    writes: ['result'],
    uniforms,
    workgroupSize: WORKGROUP,
    declarations: specialValues + exponential + logarithm,
    body: [
      '  if (index >= uniforms.units) { return; }',
      ...coordinates,
      ...values,
      `  result[index] = ${operation.wgsl};`,
    ].join('\n'),
  };
}
