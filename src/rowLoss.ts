/** Losses that are a number for each row of logits, reduced by the contract of `ops/rowReduction.ts`. */
import type { Backend, Residuals, Shape } from './backend.ts';
import type { Inputs } from './inputs.ts';
import type { Loss } from './loss.ts';
import { checkRowWeights } from './ops/checkRows.ts';
import {
  type CheckedRowOptions,
  effectiveRowWeights,
  type Reduction,
  reduceRows,
  scaleRowGradients,
} from './ops/rowReduction.ts';

/** The form of a loss that is reduced so. */
export type FormOf<R extends Reduction> = R extends 'none' ? 'rows' : 'scalar';

/** What a loss over rows states for itself. */
export interface RowLoss<Input extends string, Optional extends string, Kept extends string> {
  readonly name: string;
  readonly reference: (...options: never[]) => unknown;
  readonly options: object;
  readonly inputs: readonly Input[];
  readonly optionalInputs: readonly Optional[];
  /** Refuses inputs that do not fit; returns the shape of the rows. Row weights are checked by the frame. */
  check<T>(backend: Backend<T>, inputs: Inputs<Input, Optional, T>): Shape;
  /** The rows' losses [...], and what the gradient needs. */
  rows<T>(backend: Backend<T>, inputs: Inputs<Input, Optional, T>): Readonly<Record<Kept | 'losses', T>>;
  /** Their gradients in the student's logits, [..., classes]. */
  gradient<T>(backend: Backend<T>, kept: Readonly<Record<Kept, T>>): T;
}

/** The loss: rows weighted, masked and reduced, and so their gradients. */
export function rowLoss<Input extends string, Optional extends string, Kept extends string, R extends Reduction>(
  rows: CheckedRowOptions<R>,
  own: RowLoss<Input, Optional, Kept>,
): Loss<Input, 'studentLogits', Optional | 'rowWeights', FormOf<R>> {
  type Given<T> = Readonly<Partial<Record<'labels' | 'rowWeights', T>>>;
  return {
    name: own.name,
    reference: own.reference,
    options: { ...own.options, ...rows },
    inputs: own.inputs,
    optionalInputs: [...own.optionalInputs, 'rowWeights'],
    differentiable: ['studentLogits'],
    form: (rows.reduction === 'none' ? 'rows' : 'scalar') as FormOf<R>,
    check(backend, inputs) {
      const shape = own.check(backend, inputs);
      checkRowWeights(backend, own.name, (inputs as Given<ReturnType<typeof backend.scalar>>).rowWeights, shape);
    },
    forward<T>(backend: Backend<T>, inputs: Inputs<Input, Optional | 'rowWeights', T>) {
      const { losses, ...kept } = own.rows(backend, inputs);
      const { value, rowScale } = reduceRows(
        backend,
        rows,
        losses,
        effectiveRowWeights(backend, rows, inputs as Given<T>),
      );
      return { value, residuals: { ...(kept as Record<string, T>), rowScale } };
    },
    backward<T>(backend: Backend<T>, { rowScale, ...kept }: Residuals<T>, upstream: T) {
      return [
        scaleRowGradients(
          backend,
          own.gradient<T>(backend, kept as Record<string, T> as Record<Kept, T>),
          rowScale as T,
          upstream,
        ),
      ];
    },
  };
}
