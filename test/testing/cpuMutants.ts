/** Faults of arithmetic, layout and indexing, each a line or two: what the conformance kit is there to catch. */
import type { Backend, HostTensor, ReduceOptions } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';

type Faulty<T> = Partial<Backend<T>>;
type Unary = (x: HostTensor) => HostTensor;
type Binary = (a: HostTensor, b: HostTensor) => HostTensor;

const cpu = cpuBackend();
const sizeOf = (shape: readonly number[]): number => shape.reduce((size, extent) => size * extent, 1);
const same = (data: ArrayLike<number>, { shape }: HostTensor): HostTensor => ({ data: Float32Array.from(data), shape });
const map =
  (operate: (value: number, at: number) => number): Unary =>
  (x) =>
    same(Array.from(x.data, operate), x);
/** Both broadcast to one shape. */
const zip =
  (operate: (a: number, b: number) => number): Binary =>
  (a, b) => {
    const zero = cpu.multiply(cpu.where(a, cpu.scalar(0), cpu.scalar(0)), cpu.where(b, cpu.scalar(0), cpu.scalar(0)));
    const [left, right] = [
      cpu.where(cpu.add(zero, cpu.scalar(1)), a, zero),
      cpu.where(cpu.add(zero, cpu.scalar(1)), b, zero),
    ];
    return same(
      Array.from(left.data, (value, at) => operate(value, right.data[at]!)),
      left,
    );
  };
const slice = (x: HostTensor, first: number, rows: number): HostTensor => {
  const [, ...rest] = x.shape;
  return { data: x.data.slice(first * sizeOf(rest), (first + rows) * sizeOf(rest)), shape: [rows, ...rest] };
};
/** Each matrix of a stack is what `choose` says. */
const stackOf = (x: HostTensor, choose: (matrix: number) => number): HostTensor => {
  const matrices = sizeOf(x.shape.slice(0, -2));
  if (matrices < 2) return x;
  const flat = { data: x.data, shape: [matrices, ...x.shape.slice(-2)] };
  const rows = Float64Array.from({ length: matrices }, (_, matrix) => choose(matrix));
  return { data: cpu.gather(flat, { data: rows, shape: [matrices] }).data, shape: x.shape };
};
const listOf = (axis: ReduceOptions['axis']): readonly number[] | undefined =>
  typeof axis === 'number' ? [axis] : axis;
const clampedRows = (indices: HostTensor, operate: (index: number) => number): HostTensor => map(operate)(indices);

/** Faults planted into the cpu backend. */
export const cpuMutants: Readonly<Record<string, Faulty<HostTensor>>> = {
  'fromHost takes unsigned bytes for signed ones': {
    fromHost: (host) =>
      cpu.fromHost(host.data instanceof Uint8Array ? { data: Int8Array.from(host.data), shape: host.shape } : host),
  },
  'fromHost takes any number of elements': { fromHost: ({ data, shape }) => ({ data, shape: [...shape] }) },
  'fromHost keeps the list of extents of the caller': {
    fromHost: (host) => ({ ...cpu.fromHost(host), shape: host.shape }),
  },
  'scalar has an axis': { scalar: (value) => ({ data: Float32Array.of(value), shape: [1] }) },
  'add leaves out the last element of an odd size': {
    add: (a, b) => {
      const sum = cpu.add(a, b);
      return sum.data.length > 4 && sum.data.length % 4 === 3
        ? map((value, at) => (at === sum.data.length - 1 ? 0 : value))(sum)
        : sum;
    },
  },
  'add broadcasts a column as if it were a row': {
    add: (a, b) => {
      const sum = cpu.add(a, b);
      return same(
        Array.from(sum.data, (_, at) => a.data[at % a.data.length]! + b.data[at % b.data.length]!),
        sum,
      );
    },
  },
  'add of a scalar and one element is a scalar': {
    add: (a, b) => (a.data.length + b.data.length === 2 ? { data: cpu.add(a, b).data, shape: [] } : cpu.add(a, b)),
  },
  'add takes shapes that do not broadcast': {
    add: (a, b) => {
      try {
        return cpu.add(a, b);
      } catch {
        return a;
      }
    },
  },
  'subtract turns its sides round': { subtract: (a, b) => cpu.subtract(b, a) },
  'subtract of infinities is 0': { subtract: zip((a, b) => (a === b ? 0 : a - b)) },
  'multiply by 0 is 0 whatever the other side': { multiply: zip((a, b) => (a === 0 || b === 0 ? 0 : a * b)) },
  'divide turns its sides round where shapes are equal': {
    divide: (a, b) => (String(a.shape) === String(b.shape) ? cpu.divide(b, a) : cpu.divide(a, b)),
  },
  'divide by 0 is a large number': { divide: zip((a, b) => Math.max(-3e38, Math.min(3e38, a / b))) },
  'maximum drops a NaN on the left': { maximum: zip((a, b) => (a > b ? a : b)) },
  'maximum drops a NaN on the right': { maximum: zip((a, b) => (a < b ? b : a)) },
  'maximum compares sizes': { maximum: zip((a, b) => (Math.abs(a) > Math.abs(b) ? a : b)) },
  'greater is not strict': { greater: zip((a, b) => Number(a >= b)) },
  'greater is 1 for NaN': { greater: zip((a, b) => Number(!(a <= b))) },
  'where takes a condition of NaN as false': {
    where: (condition, a, b) => cpu.where(map((value) => (value > 0 || value < 0 ? 1 : 0))(condition), a, b),
  },
  'where takes negative conditions as false': {
    where: (condition, a, b) => cpu.where(map((value) => Number(value > 0))(condition), a, b),
  },
  'where takes small conditions as false': { where: (condition, a, b) => cpu.where(map(Math.trunc)(condition), a, b) },
  'where multiplies': {
    where: (condition, a, b) => {
      const chosen = map((value) => Number(value !== 0))(condition);
      return cpu.add(cpu.multiply(chosen, a), cpu.multiply(cpu.subtract(cpu.scalar(1), chosen), b));
    },
  },
  'exp stops at −87': { exp: map((value) => Math.exp(value < -87 ? -87 : value)) },
  'exp stops at 88': { exp: map((value) => Math.exp(value > 88 ? 88 : value)) },
  'exp of NaN is 0': { exp: map((value) => (Number.isNaN(value) ? 0 : Math.exp(value))) },
  'log has a small number inside': { log: map((value) => Math.log(value + 1e-7)) },
  'log takes the absolute value': { log: map((value) => Math.log(Math.abs(value))) },
  'sqrt below 0 is 0': { sqrt: map((value) => Math.sqrt(value < 0 ? 0 : value)) },
  'abs of NaN is 0': { abs: map((value) => (value > 0 ? value : value < 0 ? -value : 0)) },

  'sum over everything loses keepDims': {
    sum: (x, options) => (options?.axis === undefined ? cpu.sum(x) : cpu.sum(x, options)),
  },
  'sum loses keepDims over several axes': {
    sum: (x, options) =>
      cpu.sum(x, { ...options, keepDims: options?.keepDims === true && (listOf(options.axis)?.length ?? 0) < 2 }),
  },
  'sum over a list counts only its first axis from the last': {
    sum: (x, { axis, keepDims = false } = {}) =>
      cpu.sum(x, {
        keepDims,
        ...(axis !== undefined && {
          axis: listOf(axis)!.map((one, at) => (at > 0 && one < 0 ? -one - 1 : one)),
        }),
      }),
  },
  'sum over a list takes its first axis alone': {
    sum: (x, options = {}) =>
      cpu.sum(x, typeof options.axis === 'object' ? { ...options, axis: options.axis.slice(0, 1) } : options),
  },
  'sum over no axis is over all': {
    sum: (x, { axis, keepDims = false } = {}) => cpu.sum(x, { keepDims, ...(listOf(axis)?.length && { axis: axis! }) }),
  },
  'sum takes an axis named twice': { sum: (x, options = {}) => cpu.sum(x, withoutRepeats(x, options)) },
  'sum takes an axis that is not there': {
    sum: (x, { axis, keepDims = false } = {}) =>
      cpu.sum(x, {
        keepDims,
        ...(axis !== undefined && {
          axis: listOf(axis)!.map((one) => Math.max(-x.shape.length, Math.min(x.shape.length - 1, one))),
        }),
      }),
  },
  'sum skips NaN': { sum: (x, options) => cpu.sum(map((value) => (Number.isNaN(value) ? 0 : value))(x), options) },
  'sum stops after 1000 elements': {
    sum: (x, options) => cpu.sum(x.data.length === 1003 ? map((value, at) => (at < 1000 ? value : 0))(x) : x, options),
  },
  'sum over no elements is NaN': {
    sum: (x, options) => (x.data.length === 0 ? map(() => Number.NaN)(cpu.sum(x, options)) : cpu.sum(x, options)),
  },
  'max over everything loses keepDims': {
    max: (x, options) => (options?.axis === undefined ? cpu.max(x) : cpu.max(x, options)),
  },
  'max drops NaN': {
    max: (x, options) => cpu.max(map((value) => (Number.isNaN(value) ? -Infinity : value))(x), options),
  },
  'max drops a NaN that is not the last': {
    max: (x, options) => {
      const width = x.shape.at(-1) ?? 1;
      return cpu.max(
        map((value, at) => (Number.isNaN(value) && at % width !== width - 1 ? -Infinity : value))(x),
        options,
      );
    },
  },
  'max begins at 0': { max: (x, options) => map((value) => (value < 0 ? 0 : value))(cpu.max(x, options)) },
  'max begins at the lowest number': {
    max: (x, options) => map((value) => (value < -3e38 ? -3e38 : value))(cpu.max(x, options)),
  },
  'max takes an axis named twice': { max: (x, options = {}) => cpu.max(x, withoutRepeats(x, options)) },
  'argMax takes the last of equal elements': {
    argMax: (x) => rowWise(x, (row) => row.reduce((best, value, at) => (value >= row[best]! ? at : best), 0)),
  },
  'argMax takes NaN for the largest': {
    argMax: (x) =>
      rowWise(x, (row) => (row.some(Number.isNaN) ? row.findIndex(Number.isNaN) : row.indexOf(Math.max(...row)))),
  },
  'argMax begins at 0': {
    argMax: (x) =>
      rowWise(x, (row) => row.reduce((best, value, at) => (value > Math.max(0, row[best]!) ? at : best), 0)),
  },
  'argMax leaves out the last of many elements': {
    argMax: (x) =>
      rowWise(
        x,
        (row) =>
          cpu.argMax({
            data: Float32Array.from(row.length > 64 ? row.slice(0, -1) : row),
            shape: [Math.min(row.length, row.length > 64 ? row.length - 1 : row.length)],
          }).data[0]!,
      ),
  },
  'argMax keeps its axis': { argMax: (x) => ({ data: cpu.argMax(x).data, shape: [...x.shape.slice(0, -1), 1] }) },

  'reshape takes any number of elements': { reshape: ({ data }, shape) => ({ data, shape: [...shape] }) },
  'reshape guesses an extent': {
    reshape: (x, shape) =>
      cpu.reshape(
        x,
        shape.includes(-1) ? shape.map((one) => (one === -1 ? -x.data.length / sizeOf(shape) : one)) : shape,
      ),
  },
  'reshape keeps the list of extents of the caller': {
    reshape: (x, shape) => ({ data: cpu.reshape(x, shape).data, shape }),
  },
  'reshape drops axes of one': {
    reshape: (x, shape) => ({
      data: cpu.reshape(x, shape).data,
      shape: shape.length > 2 ? shape.filter((one) => one !== 1) : shape,
    }),
  },
  'transpose takes what is no permutation': {
    transpose: (x, order) => {
      const wanted = order?.map((axis) => (axis < 0 ? axis + x.shape.length : axis));
      const isWrong = wanted && new Set(wanted).size < wanted.length;
      return isWrong ? { data: x.data, shape: wanted.map((axis) => x.shape[axis]!) } : cpu.transpose(x, order);
    },
  },
  'transpose takes an axis that is not there': {
    transpose: (x, order) => cpu.transpose(x, order?.length === 1 ? [0] : order),
  },
  'transpose refuses negative axes': {
    transpose: (x, order) => {
      if (order?.some((axis) => axis < 0)) throw new RangeError('negative');
      return cpu.transpose(x, order);
    },
  },
  'transpose without a permutation swaps the first axes': {
    transpose: (x, order) =>
      cpu.transpose(x, order ?? [1, 0, ...x.shape.keys()].slice(0, 2).concat([...x.shape.keys()].slice(2))),
  },
  'transpose undoes the permutation': {
    transpose: (x, order) => {
      const wanted = order?.map((axis) => (axis < 0 ? axis + x.shape.length : axis));
      return cpu.transpose(
        x,
        wanted && (new Set(wanted).size === x.shape.length ? wanted.map((_, axis) => wanted.indexOf(axis)) : order),
      );
    },
  },
  'transpose returns a list as it is': { transpose: (x, order) => (x.shape.length < 2 ? x : cpu.transpose(x, order)) },

  'matMul uses the first right matrix only': {
    matMul: (a, b, options) =>
      cpu.matMul(
        a,
        stackOf(b, () => 0),
        options,
      ),
  },
  'matMul uses the first left matrix only': {
    matMul: (a, b, options) =>
      cpu.matMul(
        stackOf(a, () => 0),
        b,
        options,
      ),
  },
  'matMul uses the matrices in the wrong order': {
    matMul: (a, b, options) =>
      cpu.matMul(
        a,
        stackOf(b, (matrix) => sizeOf(b.shape.slice(0, -2)) - 1 - matrix),
        options,
      ),
  },
  'matMul skips zeros': {
    matMul: (a, b, options) => {
      const isBad = (value: number): boolean => !Number.isFinite(value);
      return a.data.some((value) => value === 0)
        ? cpu.matMul(a, map((value) => (isBad(value) ? 0 : value))(b), options)
        : cpu.matMul(a, b, options);
    },
  },
  'matMul leaves out the last of an odd inner axis': {
    matMul: (a, b, options) => {
      const inner = a.shape.at(options?.transposeA ? -2 : -1)!;
      if (inner < 9 || inner % 2 === 0 || a.shape.length > 2) return cpu.matMul(a, b, options);
      const left = options?.transposeA ? slice(a, 0, inner - 1) : cpu.transpose(slice(cpu.transpose(a), 0, inner - 1));
      const right = options?.transposeB ? cpu.transpose(slice(cpu.transpose(b), 0, inner - 1)) : slice(b, 0, inner - 1);
      return cpu.matMul(left, right, options);
    },
  },
  'matMul forgets to transpose the left of several': {
    matMul: (a, b, options) => {
      const [rows, columns] = a.shape.slice(-2);
      const turned =
        a.shape.length > 2 && options?.transposeA
          ? { data: a.data, shape: [...a.shape.slice(0, -2), columns!, rows!] }
          : undefined;
      return turned ? cpu.matMul(turned, b, { ...options, transposeA: false }) : cpu.matMul(a, b, options);
    },
  },
  'matMul transposes only one side': {
    matMul: (a, b, options) =>
      options?.transposeA && options.transposeB && a.shape.at(-1) === b.shape.at(-2)
        ? cpu.matMul(a, b, { transposeA: true })
        : cpu.matMul(a, b, options),
  },
  'matMul fills half of a symmetric product': {
    matMul: (a, b, options) => {
      const product = cpu.matMul(a, b, options);
      const columns = product.shape.at(-1)!;
      return a === b ? map((value, at) => (at % columns > at / columns ? 0 : value))(product) : product;
    },
  },
  'matMul broadcasts leading axes': {
    matMul: (a, b, options) =>
      a.shape.length === 3 && b.shape[0] === 1 && b.shape.length === 3
        ? cpu.matMul(a, { data: Float32Array.of(...b.data, ...b.data), shape: [2, ...b.shape.slice(1)] }, options)
        : cpu.matMul(a, b, options),
  },
  'matMul takes a list for a column': {
    matMul: (a, b, options) => cpu.matMul(a, b.shape.length === 1 ? cpu.reshape(b, [...b.shape, 1]) : b, options),
  },

  'squaredDistances comes from products, as ‖x‖² + ‖y‖² − 2·x·y': {
    squaredDistances: (x) => {
      const products = cpu.matMul(x, x, { transposeB: true });
      const own = cpu.sum(cpu.multiply(x, x), { axis: -1, keepDims: true });
      const both = cpu.add(own, cpu.reshape(own, [1, x.shape[0]!]));
      return cpu.subtract(both, cpu.multiply(cpu.scalar(2), products));
    },
  },
  'squaredDistances fills half of its result': {
    squaredDistances: (x) => {
      const distances = cpuDistances(x);
      const rows = x.shape[0]!;
      return map((value, at) => (at % rows > at / rows ? 0 : value))(distances);
    },
  },
  'squaredDistances gives distances': { squaredDistances: (x) => cpu.sqrt(cpuDistances(x)) },
  'oneHot rounds': { oneHot: (indices, depth) => cpu.oneHot(map(Math.round)(indices), depth) },
  'oneHot cuts fractions off': { oneHot: (indices, depth) => cpu.oneHot(map(Math.trunc)(indices), depth) },
  'oneHot counts negative indices from the last': {
    oneHot: (indices, depth) => cpu.oneHot(map((index) => (index === -1 ? depth - 1 : index))(indices), depth),
  },
  'oneHot clamps': {
    oneHot: (indices, depth) => cpu.oneHot(map((index) => (index > depth - 1 ? depth - 1 : index))(indices), depth),
  },
  'oneHot takes NaN for 0': {
    oneHot: (indices, depth) => cpu.oneHot(map((index) => (Number.isNaN(index) ? 0 : index))(indices), depth),
  },
  'oneHot takes any depth': { oneHot: (indices, depth) => cpu.oneHot(indices, depth >= 1 ? Math.floor(depth) : 1) },
  'gather clamps': {
    gather: (x, indices) =>
      cpu.gather(
        x,
        clampedRows(indices, (index) => Math.max(0, Math.min(x.shape[0]! - 1, Number.isNaN(index) ? 0 : index))),
      ),
  },
  'gather counts negative indices from the last': {
    gather: (x, indices) =>
      cpu.gather(
        x,
        clampedRows(indices, (index) => (index === -1 ? x.shape[0]! - 1 : index)),
      ),
  },
  'gather cuts fractions off': { gather: (x, indices) => cpu.gather(x, clampedRows(indices, Math.trunc)) },
  'gather takes NaN for 0': {
    gather: (x, indices) =>
      cpu.gather(
        x,
        clampedRows(indices, (index) => (Number.isNaN(index) ? 0 : index)),
      ),
  },
  'gather returns a list of rows': {
    gather: (x, indices) => ({ data: cpu.gather(x, indices).data, shape: [indices.data.length, ...x.shape.slice(1)] }),
  },
  'gather multiplies by one-hot rows': {
    gather: (x, indices) => {
      const rows = x.shape[0] ?? cpu.gather(x, indices).data.length;
      const hot = cpu.reshape(cpu.oneHot(indices, rows), [indices.data.length, rows]);
      const table = cpu.reshape(x, [rows, x.data.length / rows]);
      const { shape } = cpu.gather(x, indices);
      return cpu.reshape(cpu.matMul(hot, table), shape);
    },
  },
  'replaceRows takes replacements in the order of the rows': {
    replaceRows: (x, positions, replacement) =>
      cpu.replaceRows!(
        x,
        Array.from(positions).sort((a, b) => a - b),
        replacement,
      ),
  },
  'replaceRows writes into its argument': {
    replaceRows: (x, positions, replacement) => {
      x.data.set(cpu.replaceRows!(x, positions, replacement).data);
      return { data: x.data.slice(), shape: x.shape };
    },
  },
  'replaceRows takes the last of two replacements': {
    replaceRows: (x, positions, replacement) => {
      const last = new Map(Array.from(positions, (position, at) => [position, at]));
      const rows = cpu.gather(replacement, { data: Float64Array.from(last.values()), shape: [last.size] });
      return cpu.replaceRows!(x, [...last.keys()], rows);
    },
  },
  'logSoftmax does not subtract the largest': {
    logSoftmax: (x) => cpu.subtract(x, cpu.log(cpu.sum(cpu.exp(x), { axis: -1, keepDims: true }))),
  },
  'logSoftmax subtracts the largest of all rows': {
    logSoftmax: (x) => {
      const shifted = cpu.subtract(x, cpu.max(x));
      return cpu.subtract(shifted, cpu.log(cpu.sum(cpu.exp(shifted), { axis: -1, keepDims: true })));
    },
  },
  'drawRows begins at another number': {
    drawRows: ({ seed, count, skips }) => {
      const data = Float32Array.from({ length: (skips.length / 4) * count }, (_, at) => (seed + at) % 5);
      return { data, shape: [skips.length / 4, count] };
    },
  },
  'argSort puts the last of equal elements first': {
    argSort: (x) => {
      const width = x.shape.at(-1)!;
      const turned = { data: reversedRows(x.data, width), shape: x.shape };
      return map((position) => width - 1 - position)(cpu.argSort!(turned));
    },
  },
  'argSort rises': { argSort: (x) => cpu.argSort!(map((value) => -value)(x)) },
  'argSort puts NaN last': {
    argSort: (x) => cpu.argSort!(map((value) => (Number.isNaN(value) ? -Infinity : value))(x)),
  },
  'argSort sorts everything as one row': {
    argSort: (x) => ({ data: cpu.argSort!({ data: x.data, shape: [x.data.length] }).data, shape: x.shape }),
  },
  'takeAlong clamps': {
    takeAlong: (x, indices) =>
      cpu.takeAlong!(x, map((index) => Math.max(0, Math.min(x.shape.at(-1)! - 1, index)))(indices)),
  },
  'takeAlong counts negative indices from the last': {
    takeAlong: (x, indices) => cpu.takeAlong!(x, map((index) => (index === -1 ? x.shape.at(-1)! - 1 : index))(indices)),
  },
  'takeAlong cuts fractions off': { takeAlong: (x, indices) => cpu.takeAlong!(x, map(Math.trunc)(indices)) },
  'takeAlong takes from the first row': {
    takeAlong: (x, indices) => {
      const width = x.shape.at(-1)!;
      return cpu.takeAlong!(map((_, at) => x.data[at % width]!)(x), indices);
    },
  },
  'takeAlong takes one list of indices for all rows': {
    takeAlong: (x, indices) =>
      cpu.takeAlong!(
        x,
        indices.shape.length < x.shape.length
          ? { data: Float32Array.of(...indices.data, ...indices.data), shape: [2, ...indices.shape] }
          : indices,
      ),
  },
  'scatterAlong keeps the last of several updates': {
    scatterAlong: (indices, updates, size) => {
      const picks = indices.shape.at(-1)!;
      const last = map((index, at) =>
        Array.from(indices.data.slice(at + 1, (Math.floor(at / picks) + 1) * picks)).includes(index) ? -1 : index,
      );
      return cpu.scatterAlong!(last(indices), updates, size);
    },
  },
  'scatterAlong multiplies by one-hot rows': {
    scatterAlong: (indices, updates, size) =>
      cpu.sum(cpu.multiply(cpu.oneHot(indices, size), cpu.reshape(updates, [...updates.shape, 1])), { axis: -2 }),
  },
  'scatterAlong clamps': {
    scatterAlong: (indices, updates, size) =>
      cpu.scatterAlong!(map((index) => Math.min(size - 1, index))(indices), updates, size),
  },
  'scatterAlong adds everything to the first row': {
    scatterAlong: (indices, updates, size) => {
      const sums = cpu.scatterAlong!(indices, updates, size);
      return map((value, at) => (at < size ? value : 0))(sums);
    },
  },
  'scatterAlong takes any size': {
    scatterAlong: (indices, updates, size) => cpu.scatterAlong!(indices, updates, Math.max(1, Math.floor(size))),
  },
  'rowsInParts begins each part at the first row': {
    rowsInParts(shape) {
      const data = new Float32Array(sizeOf(shape));
      return { write: (rows) => data.set(rows.data), finish: () => ({ data, shape }) };
    },
  },
  'rowsInParts takes any rows': {
    rowsInParts(shape) {
      const data: number[] = [];
      return {
        write: (rows) => void data.push(...rows.data),
        finish: () => ({ data: Float32Array.from({ length: sizeOf(shape) }, (_, at) => data[at] ?? 0), shape }),
      };
    },
  },
  'rowsInParts keeps the rows of the caller': {
    rowsInParts(shape) {
      let only: HostTensor | undefined;
      const parts = cpu.rowsInParts!(shape);
      return {
        write(rows) {
          parts.write(rows);
          if (rows.shape[0] === shape[0]) only = rows;
        },
        finish() {
          const made = parts.finish();
          if (only) made.data.fill(Number.NaN);
          return made;
        },
      };
    },
  },
  'exp writes into its argument': {
    exp: (x) => {
      const made = cpu.exp(x);
      if (x.data instanceof Float32Array && x.data.length > 2) x.data.set(made.data);
      return made;
    },
  },
  'read tells another shape': { read: async (x) => ({ data: x.data, shape: [x.data.length] }) },
  'readSync turns the order round': { readSync: ({ data, shape }) => ({ data: data.slice().reverse(), shape }) },
  'isTensor is true for anything with a shape': {
    isTensor: (value): value is HostTensor => typeof value === 'object' && value !== null && 'shape' in value,
  },
  'isTensor is false for its own': { isTensor: (value): value is HostTensor => value instanceof Float32Array },
  'shapeOf turns the extents round': { shapeOf: ({ shape }) => [...shape].reverse() },
};

function withoutRepeats({ shape }: HostTensor, { axis, keepDims = false }: ReduceOptions): ReduceOptions {
  if (axis === undefined) return { keepDims };
  const axes = listOf(axis)!.map((one) => (one < 0 ? one + shape.length : one));
  return { keepDims, axis: [...new Set(axes)] };
}

function rowWise(x: HostTensor, position: (row: readonly number[]) => number): HostTensor {
  const width = x.shape.at(-1)!;
  const rows = Array.from({ length: x.data.length / width }, (_, row) =>
    Array.from(x.data.slice(row * width, (row + 1) * width)),
  );
  return { data: Float32Array.from(rows, position), shape: x.shape.slice(0, -1) };
}

function reversedRows(data: ArrayLike<number>, width: number): Float32Array {
  return Float32Array.from(data, (_, at) => data[at - (at % width) + width - 1 - (at % width)]!);
}

function cpuDistances(x: HostTensor): HostTensor {
  const [rows, width] = x.shape as [number, number];
  const differences = cpu.subtract(cpu.reshape(x, [rows, 1, width]), cpu.reshape(x, [1, rows, width]));
  return cpu.sum(cpu.multiply(differences, differences), { axis: -1 });
}
