/** Named inputs of losses and metrics: presence, liveness, and the way onto a backend. */
import type { Backend } from './backend.ts';
import { disposedError, kindError } from './check.ts';
import { type TensorLike, toHostTensor } from './tensor.ts';

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
}

/**
 * Picks a loss's or metric's inputs out of a record and brings host arrays onto the backend. The record may hold more
 * than is asked for: one batch serves several losses.
 */
export function inputsOn<T, Input extends string, Optional extends string>(
  backend: Backend<T>,
  owner: InputNames<Input, Optional>,
  given: Inputs<Input, Optional, T | TensorLike>,
): Inputs<Input, Optional, T> {
  const values = given as Readonly<Record<string, T | TensorLike | undefined>>;
  if (typeof values !== 'object' || values === null) {
    throw kindError(owner.name, 'inputs', 'a record of named tensors', values);
  }
  const placed: Record<string, T> = {};
  for (const name of [...owner.inputs, ...owner.optionalInputs]) {
    const value = values[name];
    if (value === undefined || value === null) {
      if (!(owner.inputs as readonly string[]).includes(name)) continue;
      throw kindError(
        owner.name,
        name,
        'given',
        value,
        `Inputs received: ${Object.keys(values).join(', ') || 'none'}.`,
      );
    }
    if (backend.isTensor(value)) {
      if (backend.isDisposed?.(value)) throw disposedError(owner.name, name);
      placed[name] = value;
    } else {
      placed[name] = backend.fromHost(toHostTensor(value as TensorLike, owner.name, name));
    }
  }
  return placed as Inputs<Input, Optional, T>;
}
