/**
 * Host tensors, and the forms in which people hold arrays: nested arrays, `ml-matrix`, `{ data, dims }` of ONNX Runtime
 * and transformers.js. Everything is brought to one form, `HostTensor`, without copying where it need not be copied.
 */
import { describe, describeShape, kindError, shapeError } from './check.ts';

/** The typed arrays a host tensor may hold. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** A row-major array with its shape. */
export interface HostTensor {
  readonly data: TypedArray;
  readonly shape: readonly number[];
}

/** Numbers in nested arrays, or a typed array as one axis. */
export type NestedArray = number | boolean | TypedArray | readonly NestedArray[];

/** What `ml-matrix` matrices offer, named by shape so that no import is needed. */
export interface MatrixLike {
  readonly rows: number;
  readonly columns: number;
  /** An element. */
  get(row: number, column: number): number;
}

/** The form of ONNX Runtime and transformers.js tensors. */
export interface DimsTensor {
  readonly data: unknown;
  readonly dims: readonly number[];
  readonly type?: string;
}

/** Every form that the plain-name functions accept. */
export type TensorLike = HostTensor | NestedArray | MatrixLike | DimsTensor;

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, extent) => size * extent, 1);
}

/** Whether a value is one of the typed arrays that a host tensor may hold. */
export function isTypedArray(value: unknown): value is TypedArray {
  return (
    ArrayBuffer.isView(value) &&
    !(value instanceof DataView) &&
    !(value instanceof BigInt64Array) &&
    !(value instanceof BigUint64Array)
  );
}

/** Whether a value has the form of a host tensor. */
export function isHostTensor(value: unknown): value is HostTensor {
  const candidate = value as Partial<HostTensor> | null;
  return (
    typeof value === 'object' && candidate !== null && isTypedArray(candidate.data) && Array.isArray(candidate.shape)
  );
}

/**
 * Makes a host tensor.
 *
 * @param data Numbers: a typed array (kept, not copied), a flat or nested array, or any other accepted form.
 * @param shape The extents of the axes; read off nested arrays when left out.
 * @returns `{ data, shape }`, row-major.
 * @throws TypeError when the number of elements does not fit the shape, or nested arrays are ragged.
 * @example
 * const logits = tensor([[2, 1, 0], [0, 1, 2]]);               // shape [2, 3]
 * const same = tensor(new Float32Array([2, 1, 0, 0, 1, 2]), [2, 3]);
 */
export function tensor(data: TensorLike, shape?: readonly number[]): HostTensor {
  const made = toHostTensor(data, 'tensor', 'data');
  if (shape === undefined) return made;
  if (!Array.isArray(shape) || shape.some((extent) => !Number.isSafeInteger(extent) || extent < 0)) {
    throw kindError('tensor', 'shape', 'a list of whole numbers of at least 0', shape);
  }
  if (sizeOf(shape) !== made.data.length) {
    throw shapeError('tensor', 'shape', `for ${made.data.length} elements`, shape);
  }
  return { data: made.data, shape: [...shape] };
}

/** Brings any accepted form to a host tensor; `where` and `argument` name the caller in errors. */
export function toHostTensor(value: TensorLike, where: string, argument: string): HostTensor {
  if (isTypedArray(value)) return { data: value, shape: [value.length] };
  if (typeof value === 'number' || typeof value === 'boolean') {
    return { data: Float64Array.of(Number(value)), shape: [] };
  }
  if (Array.isArray(value)) return fromNested(value, where, argument);
  if (isHostTensor(value)) return checked(value.data, value.shape, where, argument);
  if (typeof value === 'object' && value !== null) {
    if ('dims' in value) return fromDims(value, where, argument);
    if ('rows' in value && 'columns' in value && typeof value.get === 'function') return fromMatrix(value);
  }
  throw kindError(
    where,
    argument,
    'a host tensor, a (nested) array, an ml-matrix Matrix or { data, dims }',
    value,
    'Tensors of a device go to the …On functions, with their backend.',
  );
}

function checked(data: TypedArray, shape: readonly number[], where: string, argument: string): HostTensor {
  if (sizeOf(shape) !== data.length) {
    throw shapeError(where, argument, `a tensor whose shape fits its ${data.length} elements`, shape);
  }
  return { data, shape };
}

function fromDims(value: DimsTensor, where: string, argument: string): HostTensor {
  const dims = value.dims.map(Number);
  if (value.type === 'float16') {
    throw kindError(where, argument, 'of type float32, float64 or an integer type', 'float16', 'Convert it first.');
  }
  if (value.data instanceof BigInt64Array || value.data instanceof BigUint64Array) {
    return checked(Float64Array.from(value.data, Number), dims, where, argument);
  }
  if (isTypedArray(value.data)) return checked(value.data, dims, where, argument);
  if (Array.isArray(value.data)) return checked(Float64Array.from(value.data, Number), dims, where, argument);
  throw kindError(where, `${argument}.data`, 'a typed array', value.data);
}

function fromMatrix(matrix: MatrixLike): HostTensor {
  const { rows, columns } = matrix;
  const data = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) data[row * columns + column] = matrix.get(row, column);
  }
  return { data, shape: [rows, columns] };
}

function fromNested(value: readonly NestedArray[], where: string, argument: string): HostTensor {
  const shape: number[] = [];
  let level: NestedArray | undefined = value;
  while (Array.isArray(level) || isTypedArray(level)) {
    shape.push(level.length);
    level = level[0];
  }
  const data = new Float64Array(sizeOf(shape));
  let next = 0;
  const fill = (node: NestedArray | undefined, axis: number): void => {
    if (axis === shape.length) {
      if (typeof node !== 'number' && typeof node !== 'boolean') {
        throw kindError(where, argument, `nested arrays of numbers of shape ${describeShape(shape)}`, node);
      }
      data[next++] = Number(node);
      return;
    }
    if (!(Array.isArray(node) || isTypedArray(node)) || node.length !== shape[axis]) {
      const got = Array.isArray(node) || isTypedArray(node) ? `a row of ${node.length}` : describe(node);
      throw new TypeError(
        `${where}: ${argument} must be nested arrays of equal length, got ${got} where ${shape[axis]} elements were expected.`,
      );
    }
    for (let index = 0; index < node.length; index++) fill(node[index], axis + 1);
  };
  fill(value, 0);
  return { data, shape };
}
