/**
 * Small programs in which a number of a row, of a column or of a label is easily taken for another one: in squares, in batches of
 * one row, where two labels meet. Each was computed wrong by generated kernels once, on one backend or on all.
 */
import type { Backend, HostTensor } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { labelPrograms } from './labelPrograms.ts';
import type { NumberProgram } from './numberProgram.ts';
import { rowPrograms } from './rowPrograms.ts';

/** Programs for every backend that generates kernels. */
export const numberPrograms: readonly NumberProgram[] = [...rowPrograms, ...labelPrograms];

/** What a program gives on a backend, recorded in one scope. */
export function resultsOf<T>(backend: Backend<T>, { inputs, compute }: NumberProgram): readonly T[] {
  return backend.scope(() =>
    compute(
      backend,
      inputs.map((input) => backend.fromHost(input)),
    ),
  );
}

/** What it gives in float64. */
export function expectedOf(program: NumberProgram): readonly HostTensor[] {
  const oracle = cpuBackend({ precision: 'float64' });
  return resultsOf(oracle, program).map((tensor) => oracle.readSync!(tensor));
}
