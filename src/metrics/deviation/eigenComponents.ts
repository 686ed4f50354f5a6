import { checkAllFinite, checkRank, checkRecord, checkSameShape, kindError, shapeError } from '../../check.ts';
import { dotRounding } from '../../ops/dotRounding.ts';
import { unitFactorOf } from '../../ops/unitFactor.ts';
import { readOptions, word } from '../../options.ts';
import { type HostTensor, sizeOf, type TensorLike, toHostTensor } from '../../tensor.ts';

/** The eigen-directions of the data, and the weights of one layer over training. */
export interface EigenComponentsInputs {
  /** What `eigenDirections` returned, or an object with `eigenvalues` and `directions` [directions, features]. */
  readonly eigen: { readonly eigenvalues: ArrayLike<number>; readonly directions: TensorLike };
  /** The teacher's weights at each checkpoint. */
  readonly teacher: readonly TensorLike[];
  /** The student's weights at each checkpoint; as many as the teacher's, or another number. */
  readonly student: readonly TensorLike[];
}

/** Options of `eigenComponents`. */
export interface EigenComponentsOptions {
  /**
   * Where a kernel's outputs are. `'outputsLast'`, the default: dense [features, outputs], convolution [height, width,
   * channels, outputs], as in TensorFlow. `'outputsFirst'`: [outputs, features] and [outputs, channels, height, width], as
   * in PyTorch; patches are then to be taken with channels first. A vector [features] has one output.
   */
  readonly layout?: 'outputsLast' | 'outputsFirst';
}

/** What `eigenComponents` returns. */
export interface EigenComponentsResult {
  /** Descending, as given. */
  readonly eigenvalues: Float64Array;
  /** For each checkpoint the component ‖v_kᵀW‖ along each direction; exactly 0 where float64's rounding alone is left. */
  readonly teacher: readonly Float64Array[];
  readonly student: readonly Float64Array[];
  /** Student over teacher at each checkpoint that both have; null where the teacher's component is 0. */
  readonly ratios: readonly (readonly (number | null)[])[];
  /** Student over teacher at the last checkpoint of each. */
  readonly finalRatios: readonly (number | null)[];
}

/**
 * How much of a layer's weights lies along each eigen-direction of its data, over training: the paths whose shape shows
 * that distillation exaggerates the bias of gradient descent toward the top directions. With W the kernel as a matrix
 * [features, outputs] and v_k the k-th direction,
 *
 *     component_k = ‖v_kᵀ·W‖₂
 *
 * A figure puts a top direction on the one axis and a bottom direction on the other, a point a checkpoint. Ratios that fall
 * from the top to the bottom say that the student relies less on the bottom directions.
 *
 * @throws TypeError for weights whose features are not those of the directions; RangeError for NaN or infinities in
 * the weights or the directions.
 * @example
 * const eigen = measure(eigenDirections(), { data: [[3, 0], [0, 1]] });
 * const { ratios } = eigenComponents({ eigen, teacher: [[[1], [1]]], student: [[[1], [0.5]]] }); // [[1, 0.5]]
 * @see Nagarajan, Menon, Bhojanapalli, Mobahi, Kumar: On student-teacher deviations in distillation (2023), D.3
 */
export function eigenComponents(
  inputs: EigenComponentsInputs,
  options: EigenComponentsOptions = {},
): EigenComponentsResult {
  const where = 'eigenComponents';
  const { layout } = readOptions(where, options, { layout: word(['outputsLast', 'outputsFirst'], 'outputsLast') });
  checkRecord(where, 'inputs', inputs, 'a record of eigen, teacher and student');
  checkRecord(where, 'eigen', inputs.eigen, "what eigenDirections' result holds");
  const directions = toHostTensor(inputs.eigen.directions, where, 'eigen.directions');
  checkRank(where, 'eigen.directions', directions.shape, 2, '[directions, features]');
  checkAllFinite(where, 'eigen.directions', directions.data);
  const { eigenvalues: given } = inputs.eigen;
  const eigenvalues = Float64Array.from(toHostTensor(given as TensorLike, where, 'eigen.eigenvalues').data);
  checkSameShape(where, 'eigen.eigenvalues', [eigenvalues.length], 'the directions', [directions.shape[0]!]);

  const componentsOf = (side: 'teacher' | 'student'): Float64Array[] => {
    const checkpoints = inputs[side];
    if (!Array.isArray(checkpoints) || checkpoints.length === 0) {
      throw kindError(where, side, 'a list of at least one checkpoint', checkpoints);
    }
    return checkpoints.map((weights, index) => {
      const argument = `${side}[${index}]`;
      const kernel = toHostTensor(weights as TensorLike, where, argument);
      checkAllFinite(where, argument, kernel.data);
      return components(kernel, directions, layout, argument);
    });
  };
  const [teacher, student] = [componentsOf('teacher'), componentsOf('student')];
  const common = Math.min(teacher.length, student.length);
  return {
    eigenvalues,
    teacher,
    student,
    ratios: teacher.slice(0, common).map((values, index) => ratiosOf(student[index]!, values)),
    finalRatios: ratiosOf(student.at(-1)!, teacher.at(-1)!),
  };
}

function ratiosOf(student: Float64Array, teacher: Float64Array): (number | null)[] {
  return Array.from(student, (value, index) => (teacher[index]! > 0 ? value / teacher[index]! : null));
}

function components(
  { data, shape }: HostTensor,
  directions: HostTensor,
  layout: 'outputsLast' | 'outputsFirst',
  argument: string,
): Float64Array {
  const [count, features] = directions.shape as [number, number];
  if (![1, 2, 4].includes(shape.length)) {
    throw shapeError('eigenComponents', argument, 'a vector, a matrix or a kernel with four axes', shape);
  }
  const outputs = shape.length === 1 ? 1 : layout === 'outputsLast' ? shape.at(-1)! : shape[0]!;
  if (sizeOf(shape) !== features * outputs) {
    const hint = 'Features are the rows of a dense kernel, or height × width × channels of a convolution.';
    throw shapeError('eigenComponents', argument, `of ${features} features, as the directions are`, shape, hint);
  }
  const [featureStride, outputStride] = layout === 'outputsLast' ? [outputs, 1] : [1, features];
  // Near 1, so that neither large nor small weights leave the range of their squares.
  const unit = unitFactorOf(data);
  // What the products' own rounding leaves of weights at right angles to a direction is none of them.
  let norm = 0;
  for (const weight of data) norm += (weight * unit) ** 2;
  const rounding = dotRounding(features) * Math.sqrt(norm);
  return Float64Array.from({ length: count }, (_, direction) => {
    let square = 0;
    for (let output = 0; output < outputs; output++) {
      let projection = 0;
      for (let feature = 0; feature < features; feature++) {
        const weight = data[feature * featureStride + output * outputStride]!;
        projection += directions.data[direction * features + feature]! * (weight * unit);
      }
      square += projection * projection;
    }
    const component = Math.sqrt(square);
    return component > rounding ? component / unit : 0;
  });
}
