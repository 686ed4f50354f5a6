/**
 * Host tensors, and the forms in which people hold arrays: nested arrays, `ml-matrix`, `{ data, dims }` of ONNX Runtime
 * and transformers.js, strided arrays, 64-bit integers, 16-bit floats. Everything is brought to one form, `HostTensor`,
 * without copying where it need not be copied; what would be misread is refused.
 */
import { describe, describeShape, kindError, shapeError } from './check.ts';
import {
  fromBfloat16Bits,
  fromFloat16Bits,
  fromInt64,
  halfFormat,
  inThisRealm,
  isFloat16Array,
  isInt64Array,
  isOwnTypedArray,
  type TypedArray,
  typedArrayName,
} from './numberFormats.ts';
import { sizeOf } from './shape.ts';
import { hasLayout, rowMajor } from './strided.ts';

export type { TypedArray } from './numberFormats.ts';
export { isSameShape, sizeOf } from './shape.ts';

/** A row-major array with its shape. */
export interface HostTensor {
  readonly data: TypedArray;
  readonly shape: readonly number[];
}

/** Numbers in nested arrays, or a typed array as one axis. */
export type NestedArray =
  | number
  | boolean
  | bigint
  | TypedArray
  | BigInt64Array
  | BigUint64Array
  | readonly NestedArray[];

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
  /** `'float16'` and `'bfloat16'` say what 16-bit integers are the bits of; so does a `dtype`. */
  readonly type?: string;
}

/**
 * An array with a shape of any origin: a host tensor that went through JSON, 64-bit integers, or one with the strides of
 * scijs and stdlib or the `fortranOrder` of npyjs.
 */
export interface ShapedArray {
  readonly data: ArrayLike<number | bigint>;
  readonly shape: ArrayLike<number>;
}

/** Every form that the plain-name functions accept. */
export type TensorLike = HostTensor | NestedArray | MatrixLike | DimsTensor | ShapedArray;

/** Whether a value is one of the typed arrays that a host tensor may hold. */
export function isTypedArray(value: unknown): value is TypedArray {
  return isOwnTypedArray(value) && !isInt64Array(value) && !isFloat16Array(value);
}

/** Whether a value is a host tensor: one that says it has other strides, or that it holds the bits of 16-bit floats, is none. */
export function isHostTensor(value: unknown): value is HostTensor {
  if (typeof value !== 'object' || value === null) return false;
  const { data, shape } = value as Partial<HostTensor>;
  return (
    isTypedArray(data) &&
    Array.isArray(shape) &&
    sizeOf(shape) === data.length &&
    !hasLayout(value) &&
    !(data instanceof Uint16Array && typeOf(value) !== undefined)
  );
}

/** What an array says that its 16-bit integers are the bits of. */
function typeOf(value: object): 'float16' | 'bfloat16' | undefined {
  const { type, dtype } = value as { readonly type?: unknown; readonly dtype?: unknown };
  return halfFormat(type) ?? halfFormat(dtype);
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
  if (isNumber(value)) return { data: toNumbers([value], where, argument), shape: [] };
  if (ArrayBuffer.isView(value)) {
    const data = toNumbers(value, where, argument);
    return { data, shape: [data.length] };
  }
  if (Array.isArray(value)) return fromNested(value, where, argument);
  if (typeof value === 'object' && value !== null) {
    if ('dims' in value) return fromArray(value, value.dims, where, argument);
    if ('shape' in value && 'data' in value) return fromArray(value, value.shape, where, argument);
    if ('rows' in value && 'columns' in value && typeof value.get === 'function') {
      return fromMatrix(value, where, argument);
    }
  }
  throw kindError(
    where,
    argument,
    'a host tensor, a (nested) array, an ml-matrix Matrix or { data, dims }',
    value,
    'Tensors of a device go to the …On functions, with their backend.',
  );
}

/** An array with its shape, whatever its elements are and however they are laid out. */
function fromArray(value: { readonly data: unknown }, extents: unknown, where: string, argument: string): HostTensor {
  const shape = toShape(extents, where, argument);
  const data = toNumbers(value.data, where, `${argument}.data`, typeOf(value));
  if (hasLayout(value)) return { data: rowMajor(where, argument, data, shape, value), shape };
  if (sizeOf(shape) !== data.length) {
    throw shapeError(where, argument, `a tensor whose shape fits its ${data.length} elements`, shape);
  }
  return isHostTensor(value) && value.data === data ? value : { data, shape };
}

function toShape(extents: unknown, where: string, argument: string): readonly number[] {
  const listed = typedArrayName(extents) !== undefined ? Array.from(extents as unknown as ArrayLike<unknown>) : extents;
  if (!Array.isArray(listed)) throw kindError(where, `${argument}'s shape`, 'a list of extents', extents);
  // ONNX Runtime's extents may be 64-bit integers.
  const shape = listed.map((extent: unknown) => (typeof extent === 'bigint' ? Number(extent) : extent));
  if (!shape.every((extent): extent is number => Number.isSafeInteger(extent) && (extent as number) >= 0)) {
    throw kindError(where, `${argument}'s shape`, 'whole numbers of at least 0', listed);
  }
  return shape;
}

/** The elements as a typed array; copied only where JavaScript cannot compute with them as they are. */
function toNumbers(given: unknown, where: string, argument: string, type?: 'float16' | 'bfloat16'): TypedArray {
  const data = inThisRealm(given);
  if (data instanceof Uint16Array && type === 'float16') return fromFloat16Bits(data);
  if (data instanceof Uint16Array && type === 'bfloat16') return fromBfloat16Bits(data);
  if (isTypedArray(data)) return data;
  if (isFloat16Array(data)) return Float32Array.from(data);
  if (isInt64Array(data)) return fromInt64(where, argument, data);
  if (Array.isArray(data)) return Float64Array.from(data, (element) => toNumber(element, where, argument));
  throw kindError(where, argument, 'an array of numbers', data);
}

function toNumber(element: unknown, where: string, argument: string): number {
  if (!isNumber(element)) throw kindError(where, argument, 'numbers', element);
  return typeof element === 'bigint' ? fromInt64(where, argument, [element])[0]! : Number(element);
}

function isNumber(value: unknown): value is number | boolean | bigint {
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint';
}

function fromMatrix(matrix: MatrixLike, where: string, argument: string): HostTensor {
  const { rows, columns } = matrix;
  for (const [name, extent] of Object.entries({ rows, columns })) {
    if (!Number.isSafeInteger(extent) || extent < 0) {
      throw kindError(where, `${argument}.${name}`, 'a whole number of at least 0', extent);
    }
  }
  const data = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      data[row * columns + column] = toNumber(matrix.get(row, column), where, argument);
    }
  }
  return { data, shape: [rows, columns] };
}

type Level = ArrayLike<NestedArray>;

function isLevel(node: NestedArray | undefined): node is NestedArray & Level {
  return Array.isArray(node) || typedArrayName(node) !== undefined;
}

function fromNested(value: readonly NestedArray[], where: string, argument: string): HostTensor {
  const shape: number[] = [];
  let level: NestedArray | undefined = value;
  while (isLevel(level)) {
    shape.push(level.length);
    level = level[0];
  }
  const data = new Float64Array(sizeOf(shape));
  let next = 0;
  const fill = (node: NestedArray | undefined, axis: number): void => {
    if (axis === shape.length) {
      if (!isNumber(node)) {
        throw kindError(where, argument, `nested arrays of numbers of shape ${describeShape(shape)}`, node);
      }
      data[next++] = toNumber(node, where, argument);
      return;
    }
    if (!isLevel(node) || node.length !== shape[axis]) {
      const got = isLevel(node) ? `a row of ${node.length}` : describe(node);
      throw new TypeError(
        `${where}: ${argument} must be nested arrays of equal length, got ${got} where ${shape[axis]} elements were expected.`,
      );
    }
    for (let index = 0; index < node.length; index++) fill(node[index], axis + 1);
  };
  fill(value, 0);
  return { data, shape };
}
