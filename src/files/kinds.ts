/** The kinds of number that are read, and the names that NumPy and safetensors give them. */

/** What a tensor's elements are. `float16`, `bfloat16` arrive as float32, 64-bit integers as float64, `bool` as 0 and 1. */
export type TensorKind =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'float16'
  | 'bfloat16'
  | 'float32'
  | 'float64';

/** The kinds that are read, for errors. */
export const readableKinds = 'bool, int8 to int64, uint8 to uint64, float16, bfloat16, float32 or float64';

/** Each kind with the size of an element in bytes, and the names of NumPy (without byte order) and safetensors. */
const table: readonly (readonly [kind: TensorKind, size: number, numpy: string, safetensors: string])[] = [
  ['bool', 1, 'b1', 'BOOL'],
  ['int8', 1, 'i1', 'I8'],
  ['int16', 2, 'i2', 'I16'],
  ['int32', 4, 'i4', 'I32'],
  ['int64', 8, 'i8', 'I64'],
  ['uint8', 1, 'u1', 'U8'],
  ['uint16', 2, 'u2', 'U16'],
  ['uint32', 4, 'u4', 'U32'],
  ['uint64', 8, 'u8', 'U64'],
  ['float16', 2, 'f2', 'F16'],
  ['bfloat16', 2, '', 'BF16'],
  ['float32', 4, 'f4', 'F32'],
  ['float64', 8, 'f8', 'F64'],
];

/** A kind that is read, with the size of an element in bytes; undefined for another. */
export function readable(kind: string): { readonly kind: TensorKind; readonly size: number } | undefined {
  const found = table.find(([name]) => name === kind);
  return found && { kind: found[0], size: found[1] };
}

/** The letters of NumPy's kinds that are not read: with the number of bits where that is part of the name. */
const otherNumpyKinds: readonly (readonly [letter: string, name: string, sized: boolean])[] = [
  ['c', 'complex', true],
  ['f', 'float', true],
  ['O', 'object', false],
  ['S', 'bytes', false],
  ['U', 'string', false],
  ['V', 'void', false],
  ['M', 'datetime64', false],
  ['m', 'timedelta64', false],
];

/** A kind by NumPy's `descr`, such as `<f4`, with its byte order; undefined where it is none. */
export function numpyKind(descr: string): { readonly kind: string; readonly bigEndian: boolean } | undefined {
  const [, order, code, letter, digits] = /^([<>|])((\w)(\d*))(?:\[\w+\])?$/.exec(descr) ?? [];
  const bigEndian = order === '>';
  const found = table.find(([, , numpy]) => numpy === code);
  if (found !== undefined) return found[1] > 1 && order === '|' ? undefined : { kind: found[0], bigEndian };
  const other = otherNumpyKinds.find(([known]) => known === letter);
  return other && { kind: other[2] ? `${other[1]}${Number(digits) * 8}` : other[1], bigEndian };
}

/** A kind by its name in safetensors, such as `BF16`; a kind that is not read keeps that name. */
export function safetensorsKind(dtype: string): string {
  return table.find(([, , , safetensors]) => safetensors === dtype)?.[0] ?? dtype;
}
