/**
 * What a loss is, and how one runs on a backend. A loss states its value and its gradient; nothing here differentiates.
 * First order only: a gradient has no gradient of its own.
 */
import type { Backend, Forward, FusedLossKernel, Residuals, TensorTree } from './backend.ts';
import { checkIsBackend, kindError, rangeError } from './check.ts';
import { type Inputs, inputsOn } from './inputs.ts';
import { finite, optional, positive, readOptions } from './options.ts';
import { sizeOf, type TensorLike } from './tensor.ts';

/** `'scalar'`: one number; `'rows'`: one number a row, in the shape of the leading axes (`reduction: 'none'`). */
export type Form = 'scalar' | 'rows';

/** What changes from step to step without being a tensor. */
export interface LossContext {
  /** The training step, for scheduled weights. */
  readonly step?: number;
  /**
   * What the sum over rows is divided by in place of the loss's own divisor: the tokens of a whole step, say, where its
   * batches' gradients are added. For losses that are a mean over rows.
   */
  readonly normalizer?: number;
}

/**
 * A distillation loss. Factories (`klDivergence({ temperature: 4 })`) return plain objects of this form.
 *
 * @typeParam Input Names of the required inputs.
 * @typeParam Differentiable Those inputs that get a gradient.
 * @typeParam Optional Names of inputs that may be left out.
 */
export interface Loss<
  Input extends string,
  Differentiable extends string = Input,
  Optional extends string = never,
  LossForm extends Form = 'scalar',
> {
  /** The factory's name, which begins its error messages. */
  readonly name: string;
  /** What a fused kernel recognises the loss by: the factory, or an object that kernels can import without it. */
  readonly reference: object;
  /** The factory's options, checked and complete. */
  readonly options: object;
  readonly inputs: readonly Input[];
  readonly optionalInputs: readonly Optional[];
  /** An optional one among them gets its gradient where it is given. */
  readonly differentiable: readonly Differentiable[];
  readonly form: LossForm;
  /** By an input's name, another under which the same numbers may be given. */
  readonly otherNames?: Readonly<Record<string, string>>;
  /** Whether a call may bring a `normalizer`; false when left out. */
  readonly takesNormalizer?: boolean;
  /** Refuses inputs that do not fit, before any work. Looks at shapes everywhere, at values where reading is free. */
  check<T>(backend: Backend<T>, inputs: Inputs<Input, Optional, T>): void;
  /** The value, and what `backward` needs. */
  forward<T>(backend: Backend<T>, inputs: Inputs<Input, Optional, T>, context?: LossContext): Forward<T>;
  /**
   * Gradients, one for each differentiable input in their order, times `upstream` (shaped like the value); undefined for
   * an optional input that was not given.
   */
  backward<T>(backend: Backend<T>, residuals: Residuals<T>, upstream: T): readonly (T | undefined)[];
}

/** Any loss, for code that composes them. */
export type AnyLoss<LossForm extends Form = Form> = Loss<string, string, string, LossForm>;

/** The required input names of a loss type. */
export type InputOf<L> = L extends Loss<infer Input, string, string, Form> ? Input : never;
/** The names of the inputs of a loss type that get a gradient. */
export type DifferentiableOf<L> = L extends Loss<string, infer Differentiable, string, Form> ? Differentiable : never;
/** The optional input names of a loss type. */
export type OptionalOf<L> = L extends Loss<string, string, infer Optional, Form> ? Optional : never;

/** A loss some of whose inputs have another name. */
export interface OtherNames<Names extends Readonly<Record<string, string>>> {
  readonly otherNames: Names;
}

/** The names of a record that are known one by one. */
type KnownNames<Names> = keyof { [Name in keyof Names as string extends Name ? never : Name]: Names[Name] } &
  keyof Names;

/** The inputs of a loss type, each of them a `Value`. */
export type InputsOf<L, Value> =
  | Inputs<InputOf<L>, OptionalOf<L>, Value>
  | (L extends OtherNames<infer Names>
      ? Inputs<Exclude<InputOf<L>, KnownNames<Names>> | Names[KnownNames<Names>], OptionalOf<L>, Value>
      : never);

function kernelFor<T>(backend: Backend<T>, loss: AnyLoss): FusedLossKernel<T> | undefined {
  return backend.fusedKernels?.find(
    (kernel): kernel is FusedLossKernel<T> =>
      kernel.kind === 'loss' && kernel.implements === loss.reference && (kernel.supports?.(loss.options) ?? true),
  );
}

/** The options that a kernel is to work by: the loss's, with the divisor that came with the call. */
function optionsAt(loss: AnyLoss, normalizer: number | undefined): object {
  return normalizer === undefined ? loss.options : { ...loss.options, normalizer };
}

/** Refuses names in what comes with the call that are not known, and a divisor that the loss would not use. */
function checkContext(loss: AnyLoss, context: LossContext | undefined): void {
  const { normalizer } = readOptions(loss.name, context, {
    step: optional(finite()),
    normalizer: optional(positive()),
  });
  if (normalizer !== undefined && !loss.takesNormalizer) {
    throw rangeError(loss.name, 'normalizer', 'left out: this loss is no mean over rows', normalizer);
  }
}

/** The forward pass on checked inputs, by the backend's fused kernel where it has one. */
export function forwardOf<T>(
  backend: Backend<T>,
  loss: AnyLoss,
  inputs: Inputs<string, string, T>,
  context?: LossContext,
): Forward<T> {
  checkContext(loss, context);
  const kernel = kernelFor(backend, loss);
  return kernel?.forward(optionsAt(loss, context?.normalizer), inputs) ?? loss.forward(backend, inputs, context);
}

/** The backward pass that belongs to `forwardOf`. */
export function backwardOf<T>(
  backend: Backend<T>,
  loss: AnyLoss,
  residuals: Residuals<T>,
  upstream: T,
): readonly (T | undefined)[] {
  return (
    kernelFor(backend, loss)?.backward(loss.options, residuals, upstream) ?? loss.backward(backend, residuals, upstream)
  );
}

/** A loss's value on a backend, and the values of its terms. */
export interface EvaluationOn<T> {
  readonly value: T;
  /** Each part of a `weightedSum` before its weight; empty for a simple loss. */
  readonly terms: Readonly<Record<string, T>>;
}

/**
 * Computes a loss on any backend. Reads nothing back.
 *
 * @param inputs Tensors of the backend; host arrays among them are copied onto it.
 * @returns Tensors of the backend, which the caller owns.
 */
export function evaluateOn<T, L extends AnyLoss>(
  backend: Backend<T>,
  loss: L,
  inputs: InputsOf<L, NoInfer<T> | TensorLike>,
  context?: LossContext,
): EvaluationOn<T> {
  checkIsBackend('evaluateOn', backend);
  checkIsLoss('evaluateOn', loss);
  return backend.scope(() => evaluatePlaced(backend, loss, inputsOn(backend, loss, inputs), context));
}

/** The same on tensors that are on the backend, inside a scope of the caller's. */
export function evaluatePlaced<T>(
  backend: Backend<T>,
  loss: AnyLoss,
  inputs: Inputs<string, string, T>,
  context?: LossContext,
): EvaluationOn<T> {
  if (backend.recorded) {
    const compute = <R>(own: Backend<R>, placed: Inputs<string, string, R>): TensorTree<R> => ({
      ...evaluatePlaced(own, loss, placed, context),
    });
    return backend.recorded(inputs, compute) as EvaluationOn<T> & TensorTree<T>;
  }
  loss.check(backend, inputs);
  const kernel = kernelFor(backend, loss);
  if (kernel?.evaluate) {
    checkContext(loss, context);
    const alone = kernel.evaluate(optionsAt(loss, context?.normalizer), inputs);
    if (alone !== undefined) return { value: alone, terms: {} };
  }
  const { value, terms = {} } = forwardOf(backend, loss, inputs, context);
  return { value, terms };
}

/** Gradients by input name; those of optional inputs where they were given. */
export type Gradients<Differentiable extends string, Optional extends string, Value> = string extends Differentiable
  ? Readonly<Record<string, Value>>
  : Inputs<Exclude<Differentiable, Optional>, Extract<Differentiable, Optional>, Value>;

/** A loss's value, the values of its terms, and its gradients by input name. */
export interface GradientEvaluationOn<T, Differentiable extends string, Optional extends string = never>
  extends EvaluationOn<T> {
  readonly gradients: Gradients<Differentiable, Optional, T>;
}

/**
 * Computes a loss and its gradients on any backend. Reads nothing back. With `reduction: 'none'` the gradients are those
 * of the sum of the rows.
 *
 * @param inputs Tensors of the backend; host arrays among them are copied onto it.
 * @returns Tensors of the backend, which the caller owns.
 */
export function valueAndGradientsOn<T, L extends AnyLoss>(
  backend: Backend<T>,
  loss: L,
  inputs: InputsOf<L, NoInfer<T> | TensorLike>,
  context?: LossContext,
): GradientEvaluationOn<T, DifferentiableOf<L>, OptionalOf<L>> {
  checkIsBackend('valueAndGradientsOn', backend);
  checkIsLoss('valueAndGradientsOn', loss);
  return backend.scope(() => {
    const result = differentiatePlaced(backend, loss, inputsOn(backend, loss, inputs), context);
    return { ...result, gradients: result.gradients as Gradients<DifferentiableOf<L>, OptionalOf<L>, T> };
  });
}

/** The same on tensors that are on the backend, inside a scope of the caller's. */
export function differentiatePlaced<T>(
  backend: Backend<T>,
  loss: AnyLoss,
  inputs: Inputs<string, string, T>,
  context?: LossContext,
): GradientEvaluationOn<T, string> {
  if (backend.recorded) {
    const compute = <R>(own: Backend<R>, placed: Inputs<string, string, R>): TensorTree<R> => ({
      ...differentiatePlaced(own, loss, placed, context),
    });
    return backend.recorded(inputs, compute) as GradientEvaluationOn<T, string> & TensorTree<T>;
  }
  loss.check(backend, inputs);
  const { value, residuals, terms = {} } = forwardOf(backend, loss, inputs, context);
  const shape = backend.shapeOf(value);
  const upstream = backend.fromHost({ data: new Float32Array(sizeOf(shape)).fill(1), shape });
  backend.announce?.([value, ...Object.values(terms)]);
  const gradients: Record<string, T> = {};
  backwardOf(backend, loss, residuals, upstream).forEach((gradient, index) => {
    if (gradient !== undefined) gradients[loss.differentiable[index]!] = gradient;
  });
  return { value, terms, gradients };
}

/** Refuses what is no loss: a factory that was not called, or a metric. */
export function checkIsLoss(where: string, loss: AnyLoss): void {
  if (typeof loss?.forward === 'function') return;
  const uncalled = typeof loss === 'function' ? `Call the factory: ${where}(klDivergence(), …).` : undefined;
  throw kindError(where, 'loss', 'a loss, as its factory returns it', loss, uncalled);
}
