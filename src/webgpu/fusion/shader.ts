/** A kernel's source while it is written: what it binds, the numbers that it is told, the functions that it uses, and names. */
import type { Plan } from '../../fusion/plan.ts';
import type { Value } from '../../fusion/values.ts';
import { exponential, fallingExponential, logarithm, powerOfTwo, specialValues } from '../arithmetic.ts';
import type { KernelProgram } from '../program.ts';

/** Which part of a buffer a unit of a kernel's work sees: its own elements, its rows' numbers, or all. */
export type Extent = 'elements' | 'rows' | 'whole';

/** A buffer that a kernel binds. */
export interface Bound {
  /** Names the buffer when the kernel runs, see `sourceOf`. */
  readonly source: string;
  readonly extent: Extent;
}

/** Where a value lies in memory: a leaf's tensor, or one of the plan's buffers. */
export function sourceOf({ operation, slot, buffer }: Value): string {
  return operation === 'leaf' ? `leaf ${slot}` : `buffer ${buffer}`;
}

/** The buffer with the plan's single numbers, as far as they are known. */
export const numbersSource = 'numbers';

type LibraryFunction = 'exponential' | 'fallingExponential' | 'logarithm' | 'powerOfTwo';

const library: Readonly<Record<LibraryFunction, string>> = { exponential, fallingExponential, logarithm, powerOfTwo };

/** A kernel that is being written. */
export interface Shader {
  readonly plan: Plan;
  readonly reads: readonly Bound[];
  readonly writes: readonly Bound[];
  /** The plan's parameters that its uniforms `p0`, `p1`, … hold. */
  readonly parameters: readonly number[];
  /** The WGSL name of a buffer to read; what the kernel has begun to write it reads by the same name. */
  read(source: string, extent: Extent): string;
  /** The WGSL name of a buffer to write. */
  write(source: string, extent: Extent): string;
  /** The expression of a parameter. */
  parameter(slot: number): string;
  /** The number with some bits, which no optimiser sees through. */
  hidden(bits: string): string;
  /** Calls a function of the arithmetic. */
  call(name: LibraryFunction, x: string): string;
  /** A name that is not taken. */
  fresh(): string;
  /** The finished kernel. */
  finish(shell: Omit<KernelProgram, 'reads' | 'writes'>): KernelProgram;
}

/** Begins a kernel. */
export function makeShader(plan: Plan): Shader {
  const reads: Bound[] = [];
  const writes: Bound[] = [];
  const parameters: number[] = [];
  const used = new Set<LibraryFunction>();
  let hides = false;
  let names = 0;

  const bind = (list: Bound[], prefix: string) => (source: string, extent: Extent) => {
    const known = list.findIndex((bound) => bound.source === source && bound.extent === extent);
    return `${prefix}${known >= 0 ? known : list.push({ source, extent }) - 1}`;
  };

  const readName = bind(reads, 'x');

  return {
    plan,
    reads,
    writes,
    parameters,
    read(source, extent) {
      const written = writes.findIndex((bound) => bound.source === source);
      return written >= 0 ? `y${written}` : readName(source, extent);
    },
    write: bind(writes, 'y'),
    parameter(slot) {
      const known = parameters.indexOf(slot);
      return `uniforms.p${known >= 0 ? known : parameters.push(slot) - 1}`;
    },
    hidden(bits) {
      hides = true;
      return `bitcast<f32>(${bits} | uniforms.nothing)`;
    },
    call(name, x) {
      used.add(name);
      return `${name}(${x})`;
    },
    fresh: () => `v${names++}`,
    finish: ({ uniforms, declarations = '', ...shell }) => ({
      ...shell,
      reads: reads.map((_, at) => `x${at}`),
      writes: writes.map((_, at) => `y${at}`),
      uniforms: {
        ...uniforms,
        ...(hides && { nothing: 'u32' }),
        ...Object.fromEntries(parameters.map((_, at) => [`p${at}`, 'f32' as const])),
      },
      declarations: `${specialValues}${[...used].map((name) => library[name]).join('')}${declarations}`,
    }),
  };
}

/** Writes statements; `bind` gives an expression a name. */
export interface Statements {
  readonly lines: string[];
  bind(expression: string): string;
}

/** An empty list of statements of a kernel. */
export function statements({ fresh }: Shader): Statements {
  const lines: string[] = [];
  return {
    lines,
    bind(expression) {
      const name = fresh();
      lines.push(`let ${name} = ${expression};`);
      return name;
    },
  };
}
