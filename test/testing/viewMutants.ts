/** A backend that transposes without moving anything, and one member that does not know. */
import type { Backend, HostTensor } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';

const cpu = cpuBackend();

/** Members that may not know. */
export const membersBlindToViews: readonly (keyof Backend<HostTensor>)[] = [
  'read',
  'add',
  'subtract',
  'multiply',
  'divide',
  'maximum',
  'greater',
  'where',
  'exp',
  'log',
  'sqrt',
  'abs',
  'sum',
  'max',
  'argMax',
  'reshape',
  'transpose',
  'matMul',
  'oneHot',
  'gather',
  'replaceRows',
  'logSoftmax',
  'argSort',
  'takeAlong',
  'scatterAlong',
];

/** The backend in which this member reads a transposed tensor in its old order. */
export function blindToViews(member: keyof Backend<HostTensor>): Backend<HostTensor> {
  const untransposed = new WeakMap<HostTensor, HostTensor>();
  const unaware = (x: unknown): unknown => {
    const host = x as HostTensor;
    const before = typeof x === 'object' && x !== null ? untransposed.get(host) : undefined;
    return before ? { data: before.data, shape: host.shape } : x;
  };
  const whole: Backend<HostTensor> = {
    ...cpu,
    logSoftmax: (x) => cpu.subtract(x, cpu.log(cpu.sum(cpu.exp(x), { axis: -1, keepDims: true }))),
    transpose(x, order) {
      const made = { ...cpu.transpose(x, order) };
      untransposed.set(made, x);
      return made;
    },
  };
  const operate = whole[member] as (...given: readonly unknown[]) => unknown;
  return { ...whole, [member]: (...given: readonly unknown[]) => operate(...given.map(unaware)) };
}
