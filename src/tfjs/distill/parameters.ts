/** Trainable inputs of the objective, such as a hint's regressor: variables of the caller's, or made here from host arrays. */
import * as tf from '@tensorflow/tfjs-core';
import { type HostTensor, type TensorLike, toHostTensor } from '../../tensor.ts';

/** Parameters by the names of the objective's inputs. */
export type DistillParameters<Names> = { readonly [Name in keyof Names]: tf.Variable | TensorLike };

/** Parameters in training. */
export interface Parameters<Names> {
  readonly variables: Readonly<Record<string, tf.Variable>>;
  /** Their numbers now. */
  read(): Promise<{ readonly [Name in keyof Names]: HostTensor }>;
  /** Frees the variables that were made here. */
  free(): void;
}

/** Makes variables of what is none. */
export function openParameters<Names extends DistillParameters<Names>>(given: Names): Parameters<Names> {
  const named = Object.entries<tf.Variable | TensorLike>(given).map(([name, value]) => {
    const host = value instanceof tf.Variable ? value : toHostTensor(value, 'distill', `parameters.${name}`);
    return [name, host] as const;
  });
  const made: tf.Variable[] = [];
  const open = (value: tf.Variable | HostTensor): tf.Variable => {
    if (value instanceof tf.Variable) return value;
    const { data, shape } = value;
    const variable = tf.tidy(() => tf.variable(tf.tensor(Float32Array.from(data), [...shape])));
    made.push(variable);
    return variable;
  };
  const variables = Object.fromEntries(named.map(([name, value]) => [name, open(value)]));
  return {
    variables,
    async read() {
      const entries = Object.entries(variables).map(async ([name, variable]): Promise<[string, HostTensor]> => {
        return [name, { data: (await variable.data()) as Float32Array, shape: [...variable.shape] }];
      });
      return Object.fromEntries(await Promise.all(entries)) as { readonly [Name in keyof Names]: HostTensor };
    },
    free: () => tf.dispose(made),
  };
}
