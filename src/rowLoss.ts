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
  scaleRowGradients,
  withNormalizer,
} from './ops/rowReduction.ts';

/** The form of a loss that is reduced so. */
export type FormOf<R extends Reduction> = R extends 'none' ? 'rows' : 'scalar';

/** What the frame adds to a loss's own inputs. */
type FrameInput = 'labels' | 'rowWeights';

/** What a loss over rows states for itself, its gradients apart. */
interface RowValues<Input extends string, Optional extends string, Kept extends string> {
  readonly name: string;
  /** The factory: by it a kernel knows the loss. */
  readonly reference: object;
  /** The loss's own options; the frame adds those of rows. */
  readonly options: object;
  readonly inputs: readonly Input[];
  /** Left out where `labels` and `rowWeights`, which the frame brings, are all. */
  readonly optionalInputs?: readonly Optional[];
  /** Refuses inputs that do not fit; returns the shape of the rows. Row weights and mask are checked by the frame. */
  check<T>(backend: Backend<T>, inputs: Inputs<Input, Optional | FrameInput, T>): Shape;
  /** The rows' losses [...], and what the gradient needs; optional inputs among it under their own names. */
  rows<T>(backend: Backend<T>, inputs: Inputs<Input, Optional, T>): Inputs<Kept | 'losses', Optional, T>;
}

/** A loss over rows of which one input gets a gradient. */
export interface RowLoss<
  Input extends string,
  Differentiable extends Input,
  Optional extends string,
  Kept extends string,
> extends RowValues<Input, Optional, Kept> {
  readonly differentiable: Differentiable;
  /** The rows' gradients in the differentiable input, in its shape. */
  gradient<T>(backend: Backend<T>, kept: Readonly<Record<Kept, T>>): T;
}

/** Brings gradients of row losses to those of the value; `column` as in `scaleRowGradients`. */
export type ScaleRows<T> = (rowGradients: T, column?: Shape) => T;

/** A loss over rows of which several inputs get a gradient, among them such as all rows share. */
export interface SharedRowLoss<
  Input extends string,
  Differentiable extends string,
  Optional extends string,
  Kept extends string,
> extends RowValues<Input, Optional, Kept> {
  readonly differentiable: readonly Differentiable[];
  /**
   * Gradients of the value, in the order of the differentiable inputs. Gradients of rows go through `scaled` before they
   * are added up or multiplied with anything but numbers: where a row does not count it gives 0 for whatever it gets.
   */
  gradients<T>(backend: Backend<T>, kept: Inputs<Kept, Optional, T>, scaled: ScaleRows<T>): readonly (T | undefined)[];
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
  return sharedRowLoss(rows, {
    ...own,
    differentiable: [own.differentiable],
    gradients: <T>(backend: Backend<T>, kept: Inputs<Kept, Optional, T>, scaled: ScaleRows<T>) => [
      scaled(own.gradient(backend, kept)),
    ],
  });
}

/** The same where several inputs get a gradient. */
export function sharedRowLoss<
  Input extends string,
  Differentiable extends Input | Optional,
  Kept extends string,
  R extends Reduction,
  Optional extends string = never,
>(
  rows: CheckedRowOptions<R>,
  own: SharedRowLoss<Input, Differentiable, Optional, Kept>,
): Loss<Input, Differentiable, Optional | Exclude<FrameInput, Input>, FormOf<R>> {
  const stated: readonly string[] = [...own.inputs, ...(own.optionalInputs ?? [])];
  const added = (['labels', 'rowWeights'] as const).filter((input) => !stated.includes(input));
  return reduced(rows, own, added as Exclude<FrameInput, Input>[], {
    check<T>(backend: Backend<T>, given: Inputs<Input, Optional, T>, shape: Shape) {
      const { labels, rowWeights } = given as FrameGiven<T>;
      if (rows.ignoreIndex !== null) checkMaskLabels(backend, own.name, labels, shape, rows.ignoreIndex);
      checkRowWeights(backend, own.name, rowWeights, shape);
    },
    weights: <T>(backend: Backend<T>, given: Inputs<Input, Optional, T>) =>
      effectiveRowWeights(backend, rows, given as FrameGiven<T>),
  });
}

/** The same for a loss that has its own word for which rows count: `labels` and `rowWeights` are no inputs of it. */
export function maskedRowLoss<
  Input extends string,
  Differentiable extends Input | Optional,
  Kept extends string,
  R extends Reduction,
  Optional extends string = never,
>(
  rows: Pick<CheckedRowOptions<R>, 'reduction' | 'normalizer'>,
  own: SharedRowLoss<Input, Differentiable, Optional, Kept> & {
    /** 1 for each row that counts, [...rows]; undefined where all do. */
    counts<T>(backend: Backend<T>, inputs: Inputs<Input, Optional, T>): T | undefined;
  },
): Loss<Input, Differentiable, Optional, FormOf<R>> {
  return reduced({ ...rows, ignoreIndex: null }, own, [], { check() {}, weights: own.counts });
}

type FrameGiven<T> = Readonly<Partial<Record<FrameInput, T>>>;

/** Which rows count, and how much. */
interface RowWeighting<Input extends string, Optional extends string> {
  check<T>(backend: Backend<T>, given: Inputs<Input, Optional, T>, rows: Shape): void;
  weights<T>(backend: Backend<T>, given: Inputs<Input, Optional, T>): T | undefined;
}

function reduced<
  Input extends string,
  Differentiable extends string,
  Kept extends string,
  R extends Reduction,
  Optional extends string,
  Added extends string,
>(
  rows: CheckedRowOptions<R>,
  own: SharedRowLoss<Input, Differentiable, Optional, Kept>,
  added: readonly Added[],
  weighting: RowWeighting<Input, Optional>,
): Loss<Input, Differentiable, Optional | Added, FormOf<R>> {
  const { name, reference, inputs, differentiable, optionalInputs = [] } = own;
  withNormalizer(name, rows);
  return {
    name,
    reference,
    // A loss with a mask of its own may have an ignoreIndex of its own.
    options: { ...rows, ...own.options },
    inputs,
    optionalInputs: [...optionalInputs, ...added],
    differentiable,
    takesNormalizer: rows.reduction === 'mean',
    form: (rows.reduction === 'none' ? 'rows' : 'scalar') as FormOf<R>,
    check<T>(backend: Backend<T>, given: Inputs<Input, Optional, T>) {
      weighting.check(backend, given, own.check(backend, given as Inputs<Input, Optional | FrameInput, T>));
    },
    forward<T>(backend: Backend<T>, given: Inputs<Input, Optional, T>, context?: LossContext) {
      const { losses, ...kept } = own.rows(backend, given);
      const weights = weighting.weights(backend, given);
      const { value, rowScale } = reduceRows(backend, withNormalizer(name, rows, context?.normalizer), losses, weights);
      return { value, residuals: { ...(kept as Record<string, T>), rowScale } };
    },
    backward<T>(backend: Backend<T>, { rowScale, ...kept }: Residuals<T>, upstream: T) {
      return own.gradients<T>(backend, kept as Inputs<Kept, Optional, T>, (rowGradients, column) =>
        scaleRowGradients(backend, rowGradients, rowScale as T, upstream, column),
      );
    },
  };
}
