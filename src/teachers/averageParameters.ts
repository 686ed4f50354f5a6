/** A teacher that follows its student: the exponential moving average of the student's parameters. */
import type { Backend } from '../backend.ts';
import { checkIsBackend, checkSameShape, checkWithin, disposedError, kindError } from '../check.ts';
import { inThisRealm } from '../numberFormats.ts';
import { callback, finite, optional, readOptions } from '../options.ts';
import type { Schedule } from '../schedule.ts';
import { type HostTensor, isHostTensor, isTypedArray, type TypedArray } from '../tensor.ts';

/** Parameters in a list, or by name. */
export type ParameterSet<Parameter> = Readonly<Record<string, Parameter>> | readonly Parameter[];

/** Options of `averageParameters`. */
export interface AverageParametersOptions<Parameter> {
  /**
   * m: the share of the teacher's own past, in [0, 1], or a schedule of the step: `cosineRamp({ from: 0.996, end })`, or
   * `meanTeacherMomentum(0.999)`.
   */
  readonly momentum: number | Schedule;
  /** The training step, for a schedule. */
  readonly step?: number;
  /**
   * Which parameters are copied instead of averaged: statistics of batch normalisation, counters. Default: none but integer
   * arrays, which have no average.
   */
  readonly isBuffer?: (name: string, parameter: Parameter) => boolean;
}

/** Options of `averageParametersOn`. */
export interface AverageParametersOnOptions<T> extends AverageParametersOptions<T> {
  /**
   * How a parameter takes its new value where it can do so in place: for variables of tfjs
   * `(variable, value) => (variable as tf.Variable).assign(value)`. The value is freed afterwards. Left out, the entry of
   * `teacher` is replaced and the old tensor freed.
   */
  readonly assign?: (parameter: T, value: T) => void;
}

/**
 * Moves a teacher's parameters towards its student's, in place: θ_T ← θ_T + (1 − m)·(θ_S − θ_T).
 *
 * At m = 1 nothing changes; at m = 0 the teacher becomes the student's copy. Averages are as fine as the teacher's arrays: in
 * float32 a step below 6e-8 of a parameter is lost, so give `Float64Array`s where m comes close to 1.
 *
 * @param teacher Typed arrays or host tensors, in a list or by name; their numbers are changed.
 * @param student The same names and sizes; not changed.
 * @throws RangeError for a momentum outside [0, 1]; TypeError for parameters that do not fit, with their name.
 * @example
 * const teacher = student.parameters.map((parameter) => parameter.slice());
 * averageParameters(teacher, student.parameters, { momentum: meanTeacherMomentum(0.999), step });
 * @see Tarvainen, Valpola: Mean teachers are better role models (2017), arXiv 1703.01780
 */
export function averageParameters(
  teacher: ParameterSet<TypedArray | HostTensor>,
  student: ParameterSet<TypedArray | HostTensor>,
  options: AverageParametersOptions<TypedArray | HostTensor>,
): void {
  const where = 'averageParameters';
  const { past, isBuffer } = stepOf(where, options);
  const pairs = pairsOf(where, teacher, student).map(({ name, own, other }) => {
    const [target, source] = [
      numbersOf(where, `teacher['${name}']`, own),
      numbersOf(where, `student['${name}']`, other),
    ];
    checkSameShape(where, `student['${name}']`, [source.length], `teacher['${name}']`, [target.length]);
    return { name, own, target, source };
  });
  if (past === 1) return;
  for (const { name, own, target, source } of pairs) {
    const floating = target instanceof Float32Array || target instanceof Float64Array;
    if (past === 0 || !floating || isBuffer(name, own)) target.set(source);
    else for (let at = 0; at < target.length; at++) target[at]! += (1 - past) * (source[at]! - target[at]!);
  }
}

/**
 * `averageParameters` with tensors of a backend. They are never changed: each entry of `teacher` is replaced by its new
 * value and the old tensor freed, or `assign` does so in place.
 *
 * @param teacher Tensors in a list or by name, which the caller owns; the entries are replaced.
 * @param student Tensors of the same names and shapes, borrowed.
 * @example
 * averageParametersOn(tfjsBackend(), teacherVariables, studentVariables, {
 *   momentum: 0.999,
 *   assign: (variable, value) => (variable as tf.Variable).assign(value),
 * });
 */
export function averageParametersOn<T>(
  backend: Backend<T>,
  teacher: Record<string, T> | T[],
  student: ParameterSet<T>,
  options: AverageParametersOnOptions<NoInfer<T>>,
): void {
  const where = 'averageParametersOn';
  checkIsBackend(where, backend);
  const { past, isBuffer, assign } = stepOf(where, options);
  const pairs = pairsOf(where, teacher, student);
  for (const { name, own, other } of pairs) {
    for (const [argument, tensor] of [
      [`teacher['${name}']`, own],
      [`student['${name}']`, other],
    ] as const) {
      if (!backend.isTensor(tensor)) throw kindError(where, argument, `a tensor of ${backend.name}`, tensor);
      if (backend.isDisposed?.(tensor)) throw disposedError(where, argument);
    }
    checkSameShape(where, `student['${name}']`, backend.shapeOf(other), `teacher['${name}']`, backend.shapeOf(own));
  }
  if (past === 1) return;
  for (const { name, own, other } of pairs) {
    const value = backend.scope(() => {
      // A choice between it and itself is a copy that shares no storage.
      if (past === 0 || isBuffer(name, own)) return backend.where(backend.scalar(1), other, other);
      return backend.add(own, backend.multiply(backend.subtract(other, own), backend.scalar(1 - past)));
    });
    if (assign === undefined) {
      (teacher as Record<string, T>)[name] = value;
      backend.dispose(own);
    } else {
      assign(own, value);
      backend.dispose(value);
    }
  }
}

/**
 * The momentum of *mean teachers*: m(k) = min(1 − 1/(k + 1), limit), the plain mean of the student's parameters so far until
 * the exponential one takes over.
 *
 * @param limit The largest momentum, in [0, 1]. Default 0.999.
 */
// @__NO_SIDE_EFFECTS__
export function meanTeacherMomentum(limit = 0.999): Schedule {
  checkWithin('meanTeacherMomentum', 'limit', limit, 0, 1);
  return (step) => Math.min(1 - 1 / (step + 1), limit);
}

/** The options, read, and the momentum of this step. */
function stepOf<Parameter>(where: string, options: AverageParametersOnOptions<Parameter>) {
  type Options = AverageParametersOnOptions<Parameter>;
  const read = readOptions(where, options, {
    momentum: numberOrSchedule,
    step: optional(finite()),
    isBuffer: optional(callback<NonNullable<Options['isBuffer']>>()),
    assign: optional(callback<NonNullable<Options['assign']>>()),
  });
  const { momentum, step, isBuffer = () => false, assign } = read;
  if (typeof momentum === 'number') return { past: momentum, isBuffer, assign };
  if (step === undefined) throw kindError(where, 'step', 'given where momentum is a schedule', step);
  const past = momentum(step);
  checkWithin(where, `momentum(${step})`, past, 0, 1);
  return { past, isBuffer, assign };
}

function numberOrSchedule(where: string, name: string, given: unknown): number | Schedule {
  if (typeof given === 'function') return given as Schedule;
  checkWithin(where, name, given as number, 0, 1);
  return given as number;
}

/** The parameters of both sides under each name. */
function pairsOf<Own, Other>(where: string, teacher: ParameterSet<Own>, student: ParameterSet<Other>) {
  for (const [argument, value] of Object.entries({ teacher, student })) {
    if (typeof value !== 'object' || value === null) {
      throw kindError(where, argument, 'a list or a record of parameters', value);
    }
  }
  const others = student as Readonly<Record<string, Other>>;
  const names = Object.keys(teacher);
  const missing = Object.keys(student).find((name) => !Object.hasOwn(teacher, name));
  if (missing !== undefined) throw kindError(where, `teacher['${missing}']`, 'given, as the student has it', undefined);
  return names.map((name) => {
    if (!Object.hasOwn(others, name)) {
      throw kindError(where, `student['${name}']`, 'given, as the teacher has it', undefined);
    }
    return { name, own: (teacher as Readonly<Record<string, Own>>)[name]!, other: others[name]! };
  });
}

function numbersOf(where: string, argument: string, parameter: TypedArray | HostTensor): TypedArray {
  // Of another realm too: over the same memory, since the teacher's is written to.
  const numbers = inThisRealm(parameter);
  if (isTypedArray(numbers)) return numbers;
  if (isHostTensor(parameter)) return parameter.data;
  throw kindError(where, argument, 'a typed array or a host tensor', parameter);
}
