/** Named inputs of losses and metrics: presence, liveness, form, and the way onto a backend. */
import type { Backend } from './backend.ts';
import { disposedError, kindError, nearestName } from './check.ts';
import { type HostTensor, type TensorLike, toHostTensor } from './tensor.ts';

/** Required and optional inputs by name. */
export type Inputs<Input extends string, Optional extends string, Value> = {
  readonly [Name in Input]: Value;
} & {
  readonly [Name in Optional]?: Value | undefined;
};

/** What a loss or metric says of its inputs. */
export interface InputNames<Input extends string = string, Optional extends string = string> {
  readonly name: string;
  readonly inputs: readonly Input[];
  readonly optionalInputs: readonly Optional[];
  /** By an input's name, another under which the same numbers may be given. */
  readonly otherNames?: Readonly<Record<string, string>>;
}

/** The name under which a batch holds an input: of a mapping's own entries, as every object has a `constructor`. */
export function outerName(names: Readonly<Record<string, string>>, name: string): string {
  return (Object.hasOwn(names, name) ? names[name] : undefined) ?? name;
}

/**
 * Picks a loss's or metric's inputs out of a record and brings host arrays onto the backend. The record may hold more
 * than is asked for: one batch serves several losses.
 *
 * @throws TypeError for a required input that is missing, and for a name that is nearly that of an input which is missing.
 */
export function inputsOn<T, Input extends string, Optional extends string>(
  backend: Backend<T>,
  owner: InputNames<Input, Optional>,
  given: Inputs<Input, Optional, T | TensorLike>,
): Inputs<Input, Optional, T> {
  return pick(owner, given, (value, name): T => {
    if (!backend.isTensor(value)) return backend.fromHost(toHostTensor(value as TensorLike, owner.name, name));
    if (backend.isDisposed?.(value)) throw disposedError(owner.name, name);
    return value;
  });
}

/** The inputs as host tensors: read once, so that their precision can choose a backend. */
export function hostInputs<Input extends string, Optional extends string>(
  owner: InputNames<Input, Optional>,
  given: Inputs<Input, Optional, TensorLike>,
): Inputs<Input, Optional, HostTensor> {
  return pick(owner, given, (value, name) => toHostTensor(value, owner.name, name));
}

/** Host tensors as tensors of a backend. */
export function placeOn<T>(backend: Backend<T>, inputs: Inputs<string, string, HostTensor>): Inputs<string, string, T> {
  const placed: Record<string, T> = {};
  for (const [name, value] of Object.entries(inputs)) if (value !== undefined) placed[name] = backend.fromHost(value);
  return placed;
}

function pick<Given, Taken, Input extends string, Optional extends string>(
  owner: InputNames<Input, Optional>,
  given: Inputs<Input, Optional, Given>,
  take: (value: Given, name: string) => Taken,
): Inputs<Input, Optional, Taken> {
  const values = given as Readonly<Record<string, Given | undefined | null>>;
  if (typeof values !== 'object' || values === null) {
    throw kindError(owner.name, 'inputs', 'a record of named tensors', values);
  }
  const known: readonly string[] = [...owner.inputs, ...owner.optionalInputs];
  const isMissing = (name: string): boolean => values[name] === undefined || values[name] === null;
  const nameOf = (name: string): string => {
    const other = owner.otherNames?.[name];
    return other !== undefined && isMissing(name) && !isMissing(other) ? other : name;
  };
  const missing = known.filter((name) => isMissing(nameOf(name)));
  for (const name of missing) {
    if ((owner.inputs as readonly string[]).includes(name)) {
      const received = `Inputs received: ${Object.keys(values).join(', ') || 'none'}.`;
      throw kindError(owner.name, name, 'given', values[name], received);
    }
  }
  refuseNearNames(owner.name, Object.keys(values), [...known, ...Object.values(owner.otherNames ?? {})], missing);
  const taken: Record<string, Taken> = {};
  for (const name of known) {
    if (!missing.includes(name)) taken[name] = take(values[nameOf(name)] as Given, nameOf(name));
  }
  return taken as Inputs<Input, Optional, Taken>;
}

/** An optional input under a misspelt name would be left out in silence. */
function refuseNearNames(
  where: string,
  given: readonly string[],
  known: readonly string[],
  missing: readonly string[],
): void {
  for (const name of given) {
    const near = known.includes(name) ? undefined : nearestName(name, missing);
    // labels2 beside labels is a name of its own, for another loss.
    if (near === undefined || name.replace(/\d+$/, '') === near) continue;
    throw kindError(where, 'inputs', `free of names that are nearly '${near}'`, name, `Did you mean '${near}'?`);
  }
}
