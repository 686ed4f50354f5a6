/**
 * The contract's readable definition: plain loops over host arrays, in float32 or float64. In float64 it is the oracle
 * that the other backends are tested against.
 */

import type { Backend, HostBackend, ReduceOptions } from '../backend.ts';
import { checkRoom, shapeError } from '../check.ts';
import { broadcastShape, normaliseAxes, planReduction } from '../layout.ts';
import {
  checkDepth,
  checkHostTensor,
  checkNumber,
  checkReplacement,
  checkReshape,
  checkRowNumbers,
  permutationOf,
} from '../memberArguments.ts';
import { readOptions, word } from '../options.ts';
import { isSameShape, stridesOf } from '../shape.ts';
import { type HostTensor, isHostTensor, sizeOf } from '../tensor.ts';
import { multiplyMatrices } from './matMul.ts';
import { broadcastOffsets, offsetsOf, repeatsWhole } from './offsets.ts';
import { orderMembers } from './order.ts';

/** A tensor of the `cpu` backend: a host tensor, freed by the garbage collector. */
export type CpuTensor = HostTensor;

/** Options of `cpuBackend`. */
export interface CpuBackendOptions {
  /** The precision of results; sums run in float64 either way. Default `'float32'`. */
  readonly precision?: 'float32' | 'float64';
}

/**
 * The reference backend.
 *
 * @example
 * const oracle = cpuBackend({ precision: 'float64' });
 * const { value } = evaluateOn(oracle, klDivergence(), { studentLogits, teacherLogits });
 */
// @__NO_SIDE_EFFECTS__
export function cpuBackend(options: CpuBackendOptions = {}): HostBackend<CpuTensor> {
  const { precision } = readOptions('cpuBackend', options, { precision: word(['float32', 'float64'], 'float32') });
  const allocate = (size: number): Float32Array | Float64Array =>
    precision === 'float64' ? new Float64Array(size) : new Float32Array(size);

  const unary =
    (operate: (value: number) => number) =>
    (x: CpuTensor): CpuTensor => {
      const data = allocate(x.data.length);
      for (let index = 0; index < data.length; index++) data[index] = operate(x.data[index]!);
      return { data, shape: x.shape };
    };

  const binary =
    (name: string, operate: (a: number, b: number) => number) =>
    (a: CpuTensor, b: CpuTensor): CpuTensor => {
      if (isSameShape(a.shape, b.shape)) {
        const data = allocate(a.data.length);
        for (let index = 0; index < data.length; index++) data[index] = operate(a.data[index]!, b.data[index]!);
        return { data, shape: a.shape };
      }
      const shape = broadcastShape(`cpuBackend.${name}`, [a.shape, b.shape]);
      const data = allocate(sizeOf(shape));
      if (repeatsWhole(a.shape, shape) && repeatsWhole(b.shape, shape)) {
        for (let index = 0, atA = 0, atB = 0; index < data.length; index++) {
          data[index] = operate(a.data[atA]!, b.data[atB]!);
          if (++atA === a.data.length) atA = 0;
          if (++atB === b.data.length) atB = 0;
        }
        return { data, shape };
      }
      const fromA = broadcastOffsets(a.shape, shape);
      const fromB = broadcastOffsets(b.shape, shape);
      for (let index = 0; index < data.length; index++) {
        data[index] = operate(a.data[fromA[index]!]!, b.data[fromB[index]!]!);
      }
      return { data, shape };
    };

  const reduce =
    (name: string, initial: number, combine: (total: number, value: number) => number) =>
    (x: CpuTensor, { axis, keepDims = false }: ReduceOptions = {}): CpuTensor => {
      const plan = planReduction(x.shape, normaliseAxes(`cpuBackend.${name}`, axis, x.shape.length), keepDims);
      const source = plan.permutation ? transpose(x, plan.permutation).data : x.data;
      const data = allocate(plan.outer * plan.inner);
      // In the order in which the numbers lie, each total by the same steps as if it were alone.
      const totals = new Float64Array(plan.inner);
      for (let outer = 0, at = 0; outer < plan.outer; outer++) {
        totals.fill(initial);
        for (let index = 0; index < plan.reduced; index++) {
          for (let inner = 0; inner < plan.inner; inner++) totals[inner] = combine(totals[inner]!, source[at++]!);
        }
        data.set(totals, outer * plan.inner);
      }
      return { data, shape: plan.shape };
    };

  const transpose: Backend<CpuTensor>['transpose'] = (x, permutation) => {
    const order = permutationOf('cpuBackend.transpose', x.shape.length, permutation);
    const strides = stridesOf(x.shape);
    const shape = order.map((axis) => x.shape[axis]!);
    const offsets = offsetsOf(
      shape,
      order.map((axis) => strides[axis]!),
    );
    const data = allocate(x.data.length);
    for (let index = 0; index < data.length; index++) data[index] = x.data[offsets[index]!]!;
    return { data, shape };
  };

  return {
    name: 'cpu',
    scope: (compute) => compute(),
    dispose: () => undefined,
    isTensor: (value): value is CpuTensor =>
      isHostTensor(value) && !(precision === 'float32' && value.data instanceof Float64Array),
    // In float32, doubles are rounded at the door: half-rounded arithmetic would tear ties apart.
    fromHost(host) {
      checkHostTensor('cpuBackend.fromHost', host);
      const { data, shape } = host;
      const rounded = precision === 'float32' && data instanceof Float64Array ? Float32Array.from(data) : data;
      return { data: rounded, shape: [...shape] };
    },
    scalar(value) {
      checkNumber('cpuBackend.scalar', value);
      return { data: allocate(1).fill(value), shape: [] };
    },
    shapeOf: (tensor) => tensor.shape,
    read: async (tensor) => tensor,
    readSync: (tensor) => tensor,

    add: binary('add', (a, b) => a + b),
    subtract: binary('subtract', (a, b) => a - b),
    multiply: binary('multiply', (a, b) => a * b),
    divide: binary('divide', (a, b) => a / b),
    maximum: binary('maximum', Math.max),
    greater: binary('greater', (a, b) => (a > b ? 1 : 0)),
    where(condition, a, b) {
      const shape = broadcastShape('cpuBackend.where', [condition.shape, a.shape, b.shape]);
      const data = allocate(sizeOf(shape));
      const fromCondition = broadcastOffsets(condition.shape, shape);
      const fromA = broadcastOffsets(a.shape, shape);
      const fromB = broadcastOffsets(b.shape, shape);
      for (let index = 0; index < data.length; index++) {
        data[index] = condition.data[fromCondition[index]!]! !== 0 ? a.data[fromA[index]!]! : b.data[fromB[index]!]!;
      }
      return { data, shape };
    },
    exp: unary(Math.exp),
    log: unary(Math.log),
    sqrt: unary(Math.sqrt),
    abs: unary(Math.abs),

    sum: reduce('sum', 0, (total, value) => total + value),
    max: reduce('max', -Infinity, Math.max),
    argMax(x) {
      const classes = x.shape.at(-1) ?? 1;
      const shape = x.shape.slice(0, -1);
      const data = allocate(sizeOf(shape));
      for (let row = 0; row < data.length; row++) {
        let best = 0;
        for (let index = 1; index < classes; index++) {
          if (x.data[row * classes + index]! > x.data[row * classes + best]!) best = index;
        }
        data[row] = best;
      }
      return { data, shape };
    },

    reshape(x, shape) {
      checkReshape('cpuBackend.reshape', x.shape, shape);
      return { data: x.data, shape: [...shape] };
    },
    transpose,
    matMul: (a, b, matMulOptions) => multiplyMatrices(a, b, matMulOptions ?? {}, allocate),

    oneHot(indices, depth) {
      checkDepth('cpuBackend.oneHot', depth);
      checkRoom('cpuBackend.oneHot', 'depth', depth, indices.data.length * depth);
      const data = allocate(indices.data.length * depth);
      indices.data.forEach((index, row) => {
        // 1e-30 is no class, though added to a row's start it would be one.
        if (Number.isInteger(index) && index >= 0 && index < depth) data[row * depth + index] = 1;
      });
      return { data, shape: [...indices.shape, depth] };
    },
    gather(x, indices) {
      const [rows] = x.shape;
      if (rows === undefined) throw shapeError('cpuBackend.gather', 'x', 'of shape [rows, ...]', x.shape);
      checkRowNumbers('cpuBackend.gather', rows, indices.data);
      const rowSize = sizeOf(x.shape.slice(1));
      const data = allocate(indices.data.length * rowSize);
      indices.data.forEach((source, row) => {
        for (let column = 0; column < rowSize; column++) {
          data[row * rowSize + column] = x.data[source * rowSize + column]!;
        }
      });
      return { data, shape: [...indices.shape, ...x.shape.slice(1)] };
    },
    replaceRows(x, positions, replacement) {
      checkReplacement('cpuBackend.replaceRows', x.shape, positions, replacement.shape);
      const rowSize = sizeOf(x.shape.slice(1));
      const data = allocate(x.data.length);
      data.set(x.data);
      for (let row = 0; row < positions.length; row++) {
        data.set(replacement.data.subarray(row * rowSize, (row + 1) * rowSize), positions[row]! * rowSize);
      }
      return { data, shape: x.shape };
    },
    ...orderMembers(allocate),
  };
}
