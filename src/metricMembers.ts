/** Metrics that are made of others: which they are, and which of a batch's inputs each of them reads. */
import { type Inputs, outerName } from './inputs.ts';

/** A metric that another one is made of. */
export interface Member<M> {
  readonly metric: M;
  /** What begins the names of its statistics. */
  readonly prefix: string;
  /** By the name of an input, the name under which the batch holds it; its own, when left out. */
  readonly names: Readonly<Record<string, string>>;
}

interface Composed<M> {
  readonly inputs: readonly string[];
  readonly optionalInputs: readonly string[];
  readonly members?: readonly Member<M>[];
}

/** The metrics that are computed for a metric: its members down to those that have none, or itself. */
export function membersOf<M extends Composed<M>>(metric: M): readonly Member<M>[] {
  if (metric.members === undefined) return [{ metric, prefix: '', names: {} }];
  return metric.members.flatMap(({ metric: member, prefix, names }) =>
    membersOf(member).map((inner) => ({
      metric: inner.metric,
      prefix: prefix + inner.prefix,
      names: Object.fromEntries(
        namesOf(inner.metric).map((name) => [name, outerName(names, outerName(inner.names, name))]),
      ),
    })),
  );
}

/** A member's inputs, under its own names, out of a batch. */
export function inputsOfMember<M extends Composed<M>, Value>(
  { metric, names }: Member<M>,
  batch: Readonly<Record<string, Value | undefined>>,
): Inputs<string, string, Value> {
  const taken: Record<string, Value> = {};
  for (const name of namesOf(metric)) {
    const value = batch[outerName(names, name)];
    if (value !== undefined) taken[name] = value;
  }
  return taken;
}

/** The part of a batch that some members read, under the batch's names. */
export function inputsOfMembers<M extends Composed<M>, Value>(
  members: readonly Member<M>[],
  batch: Readonly<Record<string, Value | undefined>>,
): Inputs<string, string, Value> {
  const read = new Set(members.flatMap(({ metric, names }) => namesOf(metric).map((name) => outerName(names, name))));
  return Object.fromEntries(
    Object.entries(batch).flatMap(([name, value]) => (read.has(name) && value !== undefined ? [[name, value]] : [])),
  ) as Inputs<string, string, Value>;
}

function namesOf<M>({ inputs, optionalInputs }: Composed<M>): readonly string[] {
  return [...inputs, ...optionalInputs];
}
