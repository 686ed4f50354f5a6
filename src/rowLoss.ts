/** Losses that are a number for each row, reduced by the contract of `ops/rowReduction.ts`. */
import type { Backend, Residuals, Shape } from './backend.ts';
import type { Inputs } from './inputs.ts';
import type { Loss, LossContext } from './loss.ts';
import { checkMaskLabels, checkRowWeights } from './ops/checkRows.ts';
import {
  type CheckedRowOptions,
  effectiveRowWeights,
  type Reduction,
  reduceRows,
  scaleElementGradients,
  scaleRowGradients,
  withNormalizer,
} from './ops/rowReduction.ts';

/** The form of a loss that is reduced so. */
export type FormOf<R extends Reduction> = R extends 'none' ? 'rows' : 'scalar';

/** What the frame adds to a loss's own inputs. */
type FrameInput = 'labels' | 'rowWeights';

/** What a loss over rows states for itself. */
export interface RowLoss<
  Input extends string,
  Differentiable extends Input,
  Optional extends string,
  Kept extends string,
> {
  readonly name: string;
  readonly reference: (...options: never[]) => unknown;
  /** The loss's own options; the frame adds those of rows. */
  readonly options: object;
  readonly inputs: readonly Input[];
  /** Left out where `labels` and `rowWeights`, which the frame brings, are all. */
  readonly optionalInputs?: readonly Optional[];
  readonly differentiable: Differentiable;
  /** Whether each element of the differentiable input is a row of its own, and not each last axis. */
  readonly rowsAreElements?: boolean;
  /** Refuses inputs that do not fit; returns the shape of the rows. Row weights and mask are checked by the frame. */
  check<T>(backend: Backend<T>, inputs: Inputs<Input, Optional | FrameInput, T>): Shape;
  /** The rows' losses [...], and what the gradient needs. */
  rows<T>(backend: Backend<T>, inputs: Inputs<Input, Optional, T>): Readonly<Record<Kept | 'losses', T>>;
  /** Their gradients in the differentiable input, in its shape. */
  gradient<T>(backend: Backend<T>, kept: Readonly<Record<Kept, T>>): T;
}

/** The loss: rows weighted, masked and reduced, and so their gradients. */
export function rowLoss<
  Input extends string,
  Differentiable extends Input,
  Kept extends string,
  R extends Reduction,
  Optional extends string = never,
>(
  rows: CheckedRowOptions<R>,
  own: RowLoss<Input, Differentiable, Optional, Kept>,
): Loss<Input, Differentiable, Optional | Exclude<FrameInput, Input>, FormOf<R>> {
  type FrameGiven<T> = Readonly<Partial<Record<FrameInput, T>>>;
  const { name, reference, inputs, differentiable, optionalInputs = [] } = own;
  const ofFrame = (['labels', 'rowWeights'] as const).filter((input) => !(inputs as readonly string[]).includes(input));
  const scaled = own.rowsAreElements ? scaleElementGradients : scaleRowGradients;
  withNormalizer(name, rows);
  return {
    name,
    reference,
    options: { ...own.options, ...rows },
    inputs,
    optionalInputs: [...optionalInputs, ...(ofFrame as Exclude<FrameInput, Input>[])],
    differentiable: [differentiable],
    takesNormalizer: rows.reduction === 'mean',
    form: (rows.reduction === 'none' ? 'rows' : 'scalar') as FormOf<R>,
    check<T>(backend: Backend<T>, given: Inputs<Input, Optional, T>) {
      const shape = own.check(backend, given as Inputs<Input, Optional | FrameInput, T>);
      const { labels, rowWeights } = given as FrameGiven<T>;
      if (rows.ignoreIndex !== null) checkMaskLabels(backend, name, labels, shape, rows.ignoreIndex);
      checkRowWeights(backend, name, rowWeights, shape);
    },
    forward<T>(backend: Backend<T>, given: Inputs<Input, Optional, T>, context?: LossContext) {
      const { losses, ...kept } = own.rows(backend, given);
      const weights = effectiveRowWeights(backend, rows, given as FrameGiven<T>);
      const { value, rowScale } = reduceRows(backend, withNormalizer(name, rows, context?.normalizer), losses, weights);
      return { value, residuals: { ...(kept as Record<string, T>), rowScale } };
    },
    backward<T>(backend: Backend<T>, { rowScale, ...kept }: Residuals<T>, upstream: T) {
      const gradient = own.gradient<T>(backend, kept as Record<string, T> as Record<Kept, T>);
      return [scaled(backend, gradient, rowScale as T, upstream)];
    },
  };
}
