/** The forms in which people hold arrays: the same numbers, dressed differently. */
import type { TensorLike } from 'dark-knowledge';
import type { Dice } from './dice.ts';
import type { Numbers } from './numbers.ts';

/** Rounds to float32, so that a float32 form holds the same numbers. */
export function rounded({ data, shape }: Numbers): Numbers {
  return { data: data.map(Math.fround), shape };
}

function nested(data: ArrayLike<number>, shape: readonly number[], from = 0): TensorLike {
  if (shape.length === 0) return data[from]!;
  const [length = 0, ...rest] = shape;
  const size = rest.reduce((product, extent) => product * extent, 1);
  return Array.from({ length }, (_, index) => nested(data, rest, from + index * size)) as never;
}

/** Column-major copies of the numbers, with what says so. */
function columnMajor({ data, shape }: Numbers): Float64Array {
  const turned = new Float64Array(data.length);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, extent) => product * extent, 1));
  data.forEach((value, index) => {
    let rest = index;
    let at = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (rest % shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    turned[at] = value;
  });
  return turned;
}

const isWhole = (value: number): boolean =>
  Number.isInteger(value) && Math.abs(value) < 2 ** 31 && !Object.is(value, -0);

/** The numbers in a random form of doubles or whole numbers: no digit is lost. */
export function dressed(dice: Dice, numbers: Numbers): TensorLike {
  const { data, shape } = numbers;
  const whole = data.every(isWhole);
  switch (dice.below(whole ? 12 : 8)) {
    case 0:
      return nested(data, shape);
    case 1:
      return { data: Array.from(data), shape: [...shape] };
    case 2:
      return { data: data.slice(), dims: [...shape] };
    case 3:
      return { data: columnMajor(numbers), shape: [...shape], fortranOrder: true } as TensorLike;
    case 4: {
      // As scijs holds it, from the third number of a larger buffer.
      const buffer = new Float64Array(data.length + 3).fill(Number.NaN);
      buffer.set(columnMajor(numbers), 3);
      const stride = shape.map((_, axis) => shape.slice(0, axis).reduce((product, extent) => product * extent, 1));
      return { data: buffer, shape: [...shape], stride, offset: 3 } as TensorLike;
    }
    case 5:
      if (shape.length !== 2) return { data: data.slice(), shape: Int32Array.from(shape) } as TensorLike;
      return { rows: shape[0]!, columns: shape[1]!, get: (row, column) => data[row * shape[1]! + column]! };
    case 6:
      if (shape.length !== 1) return nested(data, shape);
      return data.slice();
    case 7:
      return { data: data.slice(), shape: [...shape] };
    case 8:
      return { data: BigInt64Array.from(data, BigInt), shape: [...shape] } as TensorLike;
    case 9:
      return { data: Int32Array.from(data), dims: [...shape] };
    case 10:
      return shape.length === 1 ? BigInt64Array.from(data, BigInt) : { data: Array.from(data, BigInt), shape };
    default:
      return { data: Int32Array.from(data), shape: [...shape] };
  }
}

/** In a form of float32; whole numbers may be integers beside it. */
export function dressedInFloat32(dice: Dice, { data, shape }: Numbers): TensorLike {
  if (data.every(isWhole) && dice.chance(0.3)) return { data: Int32Array.from(data), shape: [...shape] };
  const floats = Float32Array.from(data);
  return dice.chance(0.5) ? { data: floats, shape: [...shape] } : { data: floats, dims: [...shape] };
}
