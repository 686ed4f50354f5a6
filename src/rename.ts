/** Routing: the same loss under other input names. */
import type { Backend, Residuals } from './backend.ts';
import { rangeError } from './check.ts';
import type { Inputs } from './inputs.ts';
import { type AnyLoss, backwardOf, type Form, forwardOf, type Loss, type LossContext } from './loss.ts';

/** The name that a mapping gives to an input; its own where the mapping is silent. */
export type Renamed<Name extends string, Mapping> = Name extends keyof Mapping
  ? Mapping[Name] extends string
    ? Mapping[Name]
    : Name
  : Name;

/**
 * A loss that reads its inputs under other names, so that several layers have a loss of the same kind in one
 * `weightedSum`. Gradients come under the new names.
 *
 * @param loss The loss.
 * @param names The loss's input names, each with the name to read it under.
 * @throws RangeError for a name that the loss does not have, or two inputs under one name.
 * @example
 * const secondBlock = rename(hint(), { studentFeatures: 'studentBlock2', teacherFeatures: 'teacherBlock2' });
 */
// @__NO_SIDE_EFFECTS__
export function rename<
  Input extends string,
  Differentiable extends string,
  Optional extends string,
  LossForm extends Form,
  const Mapping extends { readonly [Name in Input | Optional]?: string },
>(
  loss: Loss<Input, Differentiable, Optional, LossForm>,
  names: Mapping,
): Loss<Renamed<Input, Mapping>, Renamed<Differentiable, Mapping>, Renamed<Optional, Mapping>, LossForm> {
  const inner = loss as unknown as AnyLoss<LossForm>;
  const mapping = names as Readonly<Record<string, string | undefined>>;
  const known = [...inner.inputs, ...inner.optionalInputs];
  for (const name of Object.keys(mapping)) {
    if (!known.includes(name))
      throw rangeError('rename', 'names', `inputs of ${inner.name}: ${known.join(', ')}`, name);
  }
  const outer = (name: string): string => mapping[name] ?? name;
  const outerNames = known.map(outer);
  const twice = outerNames.find((name, index) => outerNames.indexOf(name) !== index);
  if (twice !== undefined) throw rangeError('rename', 'names', 'different for each input', twice);

  const innerInputs = <T>(given: Inputs<string, string, T>): Inputs<string, string, T> =>
    Object.fromEntries(
      known.filter((name) => given[outer(name)] !== undefined).map((name) => [name, given[outer(name)] as T]),
    );

  const renamed: Loss<string, string, string, LossForm> = {
    name: inner.name,
    reference: rename,
    options: { loss, names },
    inputs: inner.inputs.map(outer),
    optionalInputs: inner.optionalInputs.map(outer),
    differentiable: inner.differentiable.map(outer),
    otherNames: Object.fromEntries(Object.entries(inner.otherNames ?? {}).filter(([name]) => outer(name) === name)),
    form: inner.form,
    takesNormalizer: inner.takesNormalizer ?? false,
    check(backend, given) {
      inner.check(backend, innerInputs(given));
    },
    forward<T>(backend: Backend<T>, given: Inputs<string, string, T>, context?: LossContext) {
      return forwardOf(backend, inner, innerInputs(given), context);
    },
    backward<T>(backend: Backend<T>, residuals: Residuals<T>, upstream: T) {
      return backwardOf(backend, inner, residuals, upstream);
    },
  };
  return renamed as never;
}
