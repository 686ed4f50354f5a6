import { singularDecomposition } from '../../algebra/singularValues.ts';
import { checkAllFinite, checkNotEmpty, checkRank, checkWhole, rangeError, shapeError } from '../../check.ts';
import { hostInputs, type Inputs } from '../../inputs.ts';
import type { HostTensor, TensorLike } from '../../tensor.ts';

/** Weights on the way of gradient flow. */
export interface FlowWeights {
  /** [features], or [features, outputs]. */
  readonly weights: HostTensor;
  /** Signed components v_kᵀw along the directions: [directions], or [directions, outputs]. */
  readonly components: HostTensor;
  /** The share of its way to the least-squares solution that each component has gone, in [0, 1]. */
  readonly progress: Float64Array;
}

/** The times of a student: how long its teacher was trained, and how long it is trained itself. */
export interface StudentTimes {
  readonly teacherTime: number;
  readonly time: number;
}

/** Gradient flow on one data set, solved. */
export interface GradientFlow {
  /** λ_k of the Gram matrix XXᵀ (and of XᵀX), descending: the smaller of rows and features of them. */
  readonly eigenvalues: Float64Array;
  /** `[directions, features]`: row k is v_k. */
  readonly directions: HostTensor;
  /** The weights trained to a time on the targets; `Infinity` gives the least-squares solution of smallest norm. */
  teacher(time: number): FlowWeights;
  /** The weights trained to a time on the outputs of the teacher of `teacherTime`. */
  student(times: StudentTimes): FlowWeights;
  /**
   * The time at which the student of a teacher of `teacherTime` has gone as far along a direction as a teacher at `time`:
   * where Theorem 4.1 compares the two. `Infinity` where `time` is `teacherTime`, which the student only approaches.
   */
  equalProgressTime(at: EqualProgress): number;
}

/** A point of a teacher's way, to be met by a student of that teacher at a later time. */
export interface EqualProgress {
  /** The row of `directions`. */
  readonly direction: number;
  /** At most `teacherTime`. */
  readonly time: number;
  readonly teacherTime: number;
}

const owner = { name: 'gradientFlow', inputs: ['data', 'targets'], optionalInputs: [] } as const;

/**
 * Teacher and student of gradient flow on linear regression, in closed form. The teacher minimises ½‖Xw − y‖² from w = 0;
 * the student, from 0 too, minimises ½‖Xw − Xw_teacher(T)‖². Along each eigen-direction v_k of XᵀX, with eigenvalue λ_k,
 *
 *     teacher  (1 − e^{−λ_k·t})·w*_k        student  (1 − e^{−λ_k·t})·(1 − e^{−λ_k·T})·w*_k
 *
 * w* is the least-squares solution of smallest norm. Theorem 4.1: compared at times at which both have gone equally far
 * along one direction, the student's component is strictly smaller along every direction of smaller eigenvalue. A mean in
 * place of the sum over rows divides time by the number of rows.
 *
 * @param inputs `data` [rows, features], of any rank, and `targets` [rows] or [rows, outputs].
 * @throws RangeError for values that are not finite, for data so large or so small that their squares are no numbers, or for a
 * time below 0.
 * @example
 * const flow = gradientFlow({ data: [[2, 0], [0, 1]], targets: [2, 1] });
 * const { progress } = flow.teacher(0.5);                                        // 1 − e^−2, 1 − e^−0.5
 * const time = flow.equalProgressTime({ direction: 0, time: 0.5, teacherTime: 2 });
 * const { components } = flow.student({ teacherTime: 2, time });                 // the first as the teacher's at 0.5
 * @see Nagarajan, Menon, Bhojanapalli, Mobahi, Kumar: On student-teacher deviations in distillation (2023), section 4, B
 */
export function gradientFlow(inputs: Inputs<'data' | 'targets', never, TensorLike>): GradientFlow {
  const where = 'gradientFlow';
  const { data, targets } = hostInputs(owner, inputs);
  checkRank(where, 'data', data.shape, 2, '[rows, features]');
  checkNotEmpty(where, 'data', data.shape);
  const [rows, features] = data.shape as [number, number];
  if (targets.shape.length < 1 || targets.shape.length > 2 || targets.shape[0] !== rows) {
    throw shapeError(where, 'targets', `of shape [${rows}] or [${rows}, outputs]`, targets.shape);
  }
  for (const [name, values] of Object.entries({ data, targets })) {
    checkAllFinite(where, name, values.data);
  }
  const outputAxes = targets.shape.slice(1);
  const outputs = outputAxes[0] ?? 1;

  const {
    values: singular,
    left,
    right: directions,
  } = singularDecomposition(Float64Array.from(data.data), rows, features);
  const count = singular.length;
  const negligible = Math.max(rows, features) * 2 ** -52 * singular[0]!;
  const eigenvalues = singular.map((value) => value ** 2);
  if (singular.some((value, at) => value > negligible && !(eigenvalues[at]! > 0 && eigenvalues[at]! < Infinity))) {
    throw rangeError(where, 'data', 'finite, and so their squares', 'data whose squares are no numbers');
  }
  const solution = new Float64Array(count * outputs);
  singular.forEach((value, direction) => {
    // A direction that the data lack never moves from 0.
    if (!(value > negligible)) return;
    for (let output = 0; output < outputs; output++) {
      let projection = 0;
      for (let row = 0; row < rows; row++) {
        projection += left[direction * rows + row]! * targets.data[row * outputs + output]!;
      }
      solution[direction * outputs + output] = projection / value;
    }
  });

  const weightsAt = (progress: Float64Array): FlowWeights => {
    const components = solution.map((value, index) => value * progress[Math.floor(index / outputs)]!);
    const weights = new Float64Array(features * outputs);
    for (let index = 0; index < components.length; index++) {
      const [direction, output] = [Math.floor(index / outputs), index % outputs];
      for (let feature = 0; feature < features; feature++) {
        weights[feature * outputs + output]! += directions[direction * features + feature]! * components[index]!;
      }
    }
    return {
      weights: { data: weights, shape: [features, ...outputAxes] },
      components: { data: components, shape: [count, ...outputAxes] },
      progress,
    };
  };
  const progressAt = (time: number, argument: string): Float64Array => {
    if (!(time >= 0)) throw rangeError(where, argument, 'at least 0', time);
    return Float64Array.from(singular, (value) => (value > negligible ? -Math.expm1(-(value ** 2) * time) : 0));
  };
  return {
    eigenvalues,
    directions: { data: directions, shape: [count, features] },
    teacher: (time) => weightsAt(progressAt(time, 'time')),
    student({ teacherTime, time }) {
      const own = progressAt(time, 'time');
      const teachers = progressAt(teacherTime, 'teacherTime');
      return weightsAt(own.map((share, direction) => share * teachers[direction]!));
    },
    equalProgressTime({ direction, time, teacherTime }) {
      checkWhole(where, 'direction', direction, 0);
      if (!(singular[direction]! > negligible)) {
        throw rangeError(where, 'direction', 'one along which the data extend', direction);
      }
      if (!(time >= 0)) throw rangeError(where, 'time', 'at least 0', time);
      if (!(time <= teacherTime)) throw rangeError(where, 'time', `at most teacherTime, ${teacherTime}`, time);
      if (time === teacherTime) return Infinity;
      // From 1 − e^{−λs} = (1 − e^{−λt})/(1 − e^{−λT}), without the difference of two numbers near 1.
      const eigenvalue = singular[direction]! ** 2;
      const logShare = (span: number): number => Math.log(-Math.expm1(-eigenvalue * span));
      return time + (logShare(teacherTime) - logShare(teacherTime - time)) / eigenvalue;
    },
  };
}
