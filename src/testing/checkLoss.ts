/** The check of a loss of one's own: its gradient, its masks, its forms, and what it leaves behind. */
import type { Backend, Residuals } from '../backend.ts';
import { cpuBackend } from '../cpu/index.ts';
import {
  type AnyLoss,
  backwardOf,
  evaluateOn,
  forwardOf,
  type InputsOf,
  type LossContext,
  valueAndGradientsOn,
} from '../loss.ts';
import type { Reduction } from '../ops/rowReduction.ts';
import { callback, finite, flag, optional, positive, readOptions } from '../options.ts';
import { randomUniform } from '../random.ts';
import { type HostTensor, sizeOf, type TensorLike } from '../tensor.ts';
import { checkGradients } from './checkGradients.ts';
import { type Claim, checkClaims, expectSame } from './claims.ts';
import { type HostBatch, hostBatch, type RowInputs, rowInputReaders } from './hostRows.ts';
import { checkForms } from './lossForms.ts';
import { type Computed, maskClaims } from './lossMasks.ts';
import { type Handle, strictBackend } from './strictBackend.ts';

/** Options of `checkLoss`. */
export interface CheckLossOptions extends LossContext, RowInputs {
  /** False where central differences say nothing: on input at kinks and infinities. Default true. */
  readonly smooth?: boolean;
  /**
   * Makes the loss in each of the three forms, else with the same options; then they are compared:
   * `(reduction) => myLoss({ temperature: 2, reduction })`.
   */
  readonly withReduction?: (reduction: Reduction) => AnyLoss;
  /** Largest difference between two results, relative to max(1, |number|). Default 1e-9. */
  readonly tolerance?: number;
}

/** What `checkLoss` found. */
export interface LossCheck {
  /** What was checked, and holds. */
  readonly passed: readonly string[];
}

const oracle = /* @__PURE__ */ cpuBackend({ precision: 'float64' });

/**
 * Checks a loss on some input, in float64 on the host:
 *
 * - its gradient is that of its value (`checkGradients`), of the shape of each input, and proportional to `upstream`;
 * - its residuals are tensors and records of them, as tfjs needs them;
 * - it is the same on a device whose tensors cannot be read without waiting, leaves no tensor behind there and uses none that
 *   was freed; inputs stay as they were;
 * - with the input `rowWeights`: weights of 1 are as none, rows of weight 0 count in neither value nor gradient, whatever they
 *   hold, and without a row that counts both are 0. With the option `ignoreIndex`, the same of rows whose label it is;
 * - where asked (`withReduction`), `'sum'` is the sum of `'none'`, and `'mean'` that over the rows, and so are the gradients.
 *
 * @param loss The loss.
 * @param inputs Host arrays, of at least two rows along their first axis where the loss has masks (`whole` names those that have
 *   none), away from kinks. Where `rowWeights` are neither one a row nor in the shape of the labels, give them.
 * @returns What was checked.
 * @throws Error that lists every check that does not hold, with both numbers.
 * @example
 * checkLoss(
 *   klDivergence(),
 *   { studentLogits: [[1, 2], [0, 1]], teacherLogits: [[2, 0], [1, 1]] },
 *   { withReduction: (reduction) => klDivergence({ reduction }) },
 * );
 */
export function checkLoss<L extends AnyLoss>(
  loss: L,
  inputs: InputsOf<L, TensorLike>,
  options: CheckLossOptions = {},
): LossCheck {
  const where = 'checkLoss';
  const { smooth, withReduction, tolerance, step, normalizer, ...rowInputs } = readOptions(where, options, {
    ...rowInputReaders,
    step: optional(finite()),
    normalizer: optional(positive()),
    smooth: flag(true),
    withReduction: optional(callback<NonNullable<CheckLossOptions['withReduction']>>()),
    tolerance: positive(1e-9),
  });
  const steps: LossContext = step === undefined ? {} : { step };
  const context: LossContext = normalizer === undefined ? steps : { ...steps, normalizer };
  const plain: AnyLoss = loss;
  const given = hostBatch(plain, inputs);
  // A copy each time, so that a loss that writes into its inputs is caught once, by its own check.
  const compute = (batch: HostBatch, other = plain, at = context): Computed =>
    valueAndGradientsOn(oracle, other, hostBatch(other, batch), at);
  const expected = compute(given);
  const same = (got: unknown, wanted: unknown = expected): void => expectSame(got, wanted, tolerance);

  const claims: Claim[] = [
    {
      what: 'its value alone is its value with gradients',
      check: () => same(evaluateOn(oracle, plain, hostBatch(plain, given), context).value, expected.value),
    },
    {
      what: 'a gradient has the shape of its input',
      check() {
        for (const name of plain.differentiable.filter((input) => given[input] !== undefined)) {
          expectSame(expected.gradients[name]?.shape, given[name]!.shape, 0, `the shape of the gradient of ${name}`);
        }
      },
    },
    {
      what: 'gradients are proportional to upstream',
      check: () => checkUpstream(plain, given, context, same),
    },
    { what: 'residuals are tensors and records of them', check: () => checkResiduals(plain, given, context) },
    ...deviceClaims(plain, given, context, expected, same),
    ...maskClaims(plain, given, rowInputs, expected, compute, same),
  ];
  if (smooth) {
    claims.unshift({
      what: 'its gradient is that of its value',
      check: () => checkGradients(plain, hostBatch(plain, given), context),
    });
  }
  if (withReduction) {
    claims.push({
      what: 'mean, sum and none agree',
      check: () => checkForms(withReduction, given, (batch, other) => compute(batch, other, steps), same),
    });
  }
  return { passed: checkClaims(where, loss.name, claims) };
}

/** The backward pass is linear in what comes from above: tested by numbers without a pattern, and by their complement. */
function checkUpstream(
  loss: AnyLoss,
  batch: HostBatch,
  context: LossContext,
  same: (got: unknown, wanted: unknown) => void,
): void {
  const { value, residuals } = forwardOf(oracle, loss, hostBatch(loss, batch), context);
  /** The gradients of the inputs that are given. */
  const backward = (upstreamOf: (at: number) => number): readonly HostTensor[] => {
    const data = Float64Array.from({ length: sizeOf(value.shape) }, (_, at) => upstreamOf(at));
    const gradients = backwardOf(oracle, loss, residuals, { data, shape: value.shape });
    return gradients.filter((gradient) => gradient !== undefined);
  };
  const share = (at: number): number => randomUniform(1, at);
  const parts = [backward((at) => -2.5 * share(at)), backward((at) => -2.5 * (1 - share(at)))];
  backward(() => 1).forEach((whole, at) => {
    const [first, second] = parts.map((part) => part[at]!);
    same(
      first!.data.map((number, index) => number + second!.data[index]!),
      whole.data.map((number) => -2.5 * number),
    );
  });
}

function checkResiduals(loss: AnyLoss, batch: HostBatch, context: LossContext): void {
  const backend = strictBackend();
  const check = (branch: Handle | Residuals<Handle> | undefined, path: string): void => {
    if (branch === undefined || backend.isTensor(branch)) return;
    if (typeof branch !== 'object' || branch === null || Array.isArray(branch)) {
      throw new Error(`${path} must be a tensor or a record of them, got ${typeof branch}.`);
    }
    for (const [name, part] of Object.entries(branch)) check(part, `${path}.${name}`);
  };
  backend.scope(() => check(forwardOf(backend, loss, placed(backend, batch), context).residuals, 'residuals'));
}

const placed = (backend: Backend<Handle>, batch: HostBatch): Readonly<Record<string, Handle>> =>
  Object.fromEntries(Object.entries(batch).map(([name, host]) => [name, backend.fromHost(host)]));

function deviceClaims(
  loss: AnyLoss,
  batch: HostBatch,
  context: LossContext,
  expected: Computed,
  same: (got: unknown) => void,
): readonly Claim[] {
  const compute = (backend: Backend<Handle>, inputs: Readonly<Record<string, Handle>>): void => {
    const { value, terms, gradients } = valueAndGradientsOn(backend, loss, inputs, context);
    const read = Object.entries(gradients).map(([name, { numbers }]) => [name, numbers!]);
    same({ ...expected, value: value.numbers!, gradients: Object.fromEntries(read) });
    for (const made of [value, ...Object.values(terms), ...Object.values<Handle>(gradients)]) backend.dispose(made);
  };
  return [
    {
      what: 'where tensors are freed, nothing is left behind, and nothing freed is used',
      check() {
        const backend = strictBackend();
        for (let call = 0; call < 2; call++) {
          const inputs = placed(backend, batch);
          compute(backend, inputs);
          for (const [name, input] of Object.entries(inputs)) {
            expectSame(input.numbers, batch[name], 0, `the input ${name} afterwards`);
            backend.dispose(input);
          }
          if (backend.tensorCount() > 0) throw new Error(`no tensor must be left, got ${backend.tensorCount()}.`);
        }
      },
    },
    {
      what: 'where tensors cannot be read without waiting, it is the same',
      check() {
        const backend = strictBackend(false);
        compute(backend, placed(backend, batch));
      },
    },
    {
      what: 'its inputs stay as they were',
      check() {
        const used = hostBatch(loss, batch);
        valueAndGradientsOn(oracle, loss, used, context);
        expectSame(used, batch, 0, 'the inputs');
      },
    },
  ];
}
