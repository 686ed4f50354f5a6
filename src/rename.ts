/** Routing: the same loss or metric under other input names. */
import type { Backend, Residuals } from './backend.ts';
import { checkRecord, kindError, rangeError } from './check.ts';
import { type Inputs, outerName } from './inputs.ts';
import { type AnyLoss, backwardOf, type Form, forwardOf, type Loss, type LossContext } from './loss.ts';
import type { AnyMetric, Metric } from './metric.ts';
import { renamedMetric } from './renameMetric.ts';

/** The name that a mapping gives to an input; its own where the mapping is silent. */
export type Renamed<Name extends string, Mapping> = Name extends keyof Mapping
  ? Mapping[Name] extends string
    ? Mapping[Name]
    : Name
  : Name;

/**
 * A loss or metric that reads its inputs under other names, so that several layers have a loss of the same kind in one
 * `weightedSum`, or student and teacher a metric of the same kind in one `measureAll`. Gradients come under the new names;
 * a metric's state is the same under any names.
 *
 * @param renamed The loss or metric.
 * @param names Its input names, each with the name to read it under.
 * @throws RangeError for a name that it does not have, or two inputs under one name.
 * @example
 * const secondBlock = rename(hint(), { studentFeatures: 'studentBlock2', teacherFeatures: 'teacherBlock2' });
 * const teacherAccuracy = rename(accuracy(), { logits: 'teacherLogits' });
 */
export function rename<
  Input extends string,
  Differentiable extends string,
  Optional extends string,
  LossForm extends Form,
  const Mapping extends { readonly [Name in Input | Optional]?: string },
>(
  renamed: Loss<Input, Differentiable, Optional, LossForm>,
  names: Mapping,
): Loss<Renamed<Input, Mapping>, Renamed<Differentiable, Mapping>, Renamed<Optional, Mapping>, LossForm>;
export function rename<
  Input extends string,
  Statistic extends string,
  Result,
  Optional extends string,
  const Mapping extends { readonly [Name in Input | Optional]?: string },
>(
  renamed: Metric<Input, Statistic, Result, Optional>,
  names: Mapping,
): Metric<Renamed<Input, Mapping>, Statistic, Result, Renamed<Optional, Mapping>>;
// @__NO_SIDE_EFFECTS__
export function rename(
  renamed: AnyLoss | AnyMetric,
  names: Readonly<Record<string, string | undefined>>,
): AnyLoss | AnyMetric {
  if (!Array.isArray(renamed?.inputs) || !Array.isArray(renamed.optionalInputs)) {
    const uncalled = typeof renamed === 'function' ? 'Call the factory: rename(klDivergence(), …).' : undefined;
    throw kindError('rename', 'renamed', 'a loss or a metric, as its factory returns it', renamed, uncalled);
  }
  checkRecord('rename', 'names', names, 'a record of new names by input');
  const known = [...renamed.inputs, ...renamed.optionalInputs];
  const given: Record<string, string> = {};
  for (const [name, other] of Object.entries(names)) {
    if (!known.includes(name)) {
      throw rangeError('rename', 'names', `inputs of ${renamed.name}: ${known.join(', ')}`, name);
    }
    if (other === undefined) continue;
    if (typeof other !== 'string' || other === '') throw kindError('rename', `names.${name}`, 'a name', other);
    given[name] = other;
  }
  const outerNames = known.map((name) => outerName(given, name));
  const twice = outerNames.find((name, index) => outerNames.indexOf(name) !== index);
  if (twice !== undefined) throw rangeError('rename', 'names', 'different for each input', twice);
  return 'finish' in renamed ? renamedMetric(renamed, given, rename) : renamedLoss(renamed, given);
}

function renamedLoss(inner: AnyLoss, names: Readonly<Record<string, string>>): AnyLoss {
  const known = [...inner.inputs, ...inner.optionalInputs];
  const outer = (name: string): string => outerName(names, name);
  const innerInputs = <T>(given: Inputs<string, string, T>): Inputs<string, string, T> =>
    Object.fromEntries(
      known.filter((name) => given[outer(name)] !== undefined).map((name) => [name, given[outer(name)] as T]),
    );

  return {
    name: inner.name,
    reference: rename,
    options: { loss: inner, names },
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
}
