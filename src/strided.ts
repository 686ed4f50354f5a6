/** Arrays that are not plain row-major ones, as scijs, stdlib and npyjs hold them, brought into row-major order. */
import { describeShape, kindError, rangeError, shapeError } from './check.ts';
import type { TypedArray } from './numberFormats.ts';
import { sizeOf, stridesOf } from './shape.ts';

/** What such arrays say of their layout beside `data` and `shape`. */
export interface StridedLayout {
  /** scijs: elements between neighbours along each axis. */
  readonly stride?: unknown;
  /** stdlib: the same. */
  readonly strides?: unknown;
  /** scijs and stdlib: the place of the first element. */
  readonly offset?: unknown;
  /** stdlib: `'row-major'` or `'column-major'`, which the strides say as well; NumPy's `'C'` or `'F'`. */
  readonly order?: unknown;
  /** npyjs: whether the first axis runs fastest. */
  readonly fortranOrder?: unknown;
  /** The same, as the header of an .npy file spells it. */
  readonly fortran_order?: unknown;
}

/** Whether a value says that it is laid out in any but the plain way. */
export function hasLayout(value: object): value is StridedLayout {
  return layoutNames.some((name) => name in value);
}

const layoutNames = ['stride', 'strides', 'offset', 'order', 'fortranOrder', 'fortran_order'] as const;

/** Whether each order that may be stated runs along the first axis. */
const orders = new Map<unknown, boolean>([
  [undefined, false],
  ['row-major', false],
  ['C', false],
  ['column-major', true],
  ['F', true],
]);

/** The elements in row-major order; the array itself where it is in that order already. */
export function rowMajor<Data extends TypedArray>(
  where: string,
  argument: string,
  data: Data,
  shape: readonly number[],
  layout: StridedLayout,
): Data {
  const byOrder = orders.get(layout.order);
  if (byOrder === undefined) {
    throw kindError(where, `${argument}.order`, "'row-major', 'column-major', 'C' or 'F'", layout.order);
  }
  const columnMajor = layout.fortranOrder === true || layout.fortran_order === true || byOrder;
  const plain = stridesOf(shape);
  const strides =
    wholeNumbers(where, `${argument}.stride`, layout.stride) ??
    wholeNumbers(where, `${argument}.strides`, layout.strides) ??
    (columnMajor ? stridesOf([...shape].reverse()).reverse() : plain);
  const { offset = 0 } = layout;
  if (!Number.isSafeInteger(offset)) throw kindError(where, `${argument}.offset`, 'a whole number', offset);
  if (strides.length !== shape.length) {
    throw shapeError(where, `${argument}'s strides`, `of ${shape.length} axes, as its shape has`, strides);
  }
  const size = sizeOf(shape);
  const first = offset as number;
  if (
    first === 0 &&
    size === data.length &&
    strides.every((stride, axis) => shape[axis] === 1 || stride === plain[axis])
  ) {
    return data;
  }
  if (size > 0) checkExtent(where, argument, data.length, first, shape, strides);
  const ordered = new (data.constructor as new (length: number) => Data)(size);
  let next = 0;
  const walk = (axis: number, from: number): void => {
    if (axis === shape.length) {
      ordered[next++] = data[from]!;
      return;
    }
    for (let index = 0; index < shape[axis]!; index++) walk(axis + 1, from + index * strides[axis]!);
  };
  walk(0, first);
  return ordered;
}

function checkExtent(
  where: string,
  argument: string,
  length: number,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): void {
  let [lowest, highest] = [offset, offset];
  shape.forEach((extent, axis) => {
    const reach = (extent - 1) * strides[axis]!;
    if (reach < 0) lowest += reach;
    else highest += reach;
  });
  if (lowest < 0 || highest >= length) {
    const expected = `a layout within its ${length} elements`;
    throw rangeError(where, argument, expected, `elements ${lowest} to ${highest}, of shape ${describeShape(shape)}`);
  }
}

function wholeNumbers(where: string, argument: string, strides: unknown): readonly number[] | undefined {
  if (strides === undefined) return undefined;
  const listed =
    ArrayBuffer.isView(strides) || Array.isArray(strides) ? Array.from(strides as ArrayLike<unknown>) : [''];
  if (listed.every((stride): stride is number => Number.isSafeInteger(stride))) return listed;
  throw kindError(where, argument, 'a list of whole numbers', strides);
}
