/** The losses of the softmax-divergence family, told apart by what they sum and what their gradient is. */
import { crossEntropy } from '../../losses/logits/crossEntropy.ts';
import { jensenShannon } from '../../losses/logits/jensenShannon.ts';
import { klDivergence } from '../../losses/logits/klDivergence.ts';
import { softCrossEntropy } from '../../losses/logits/softCrossEntropy.ts';
import type { Divergence } from './divergenceProgram.ts';

/** The options that the losses of the family have, checked and complete. */
export interface DivergenceOptions {
  readonly temperature?: number;
  readonly scaleByTemperatureSquared?: boolean;
  readonly direction?: 'forward' | 'reverse';
  readonly beta?: number;
  readonly labelSmoothing?: number;
  readonly reduction: 'mean' | 'sum' | 'none';
  readonly ignoreIndex: number | null;
  readonly normalizer: number | undefined;
}

/** A loss factory and its member of the family. */
export interface DivergenceLoss {
  readonly implements: (...options: never[]) => unknown;
  readonly divergenceOf: (options: DivergenceOptions) => Divergence;
  /** What `uniforms.parameter` holds. */
  readonly parameterOf?: (options: DivergenceOptions) => number;
}

const forwardKl: Divergence = {
  name: 'klDivergence forward',
  target: 'teacher',
  terms: 'vec2f(select(p * (logP - logQ), 0.0, isZero(p)), 0.0)',
  loss: 'uniforms.factor * sums.x',
  gradient: 'q - p',
  gradientNeedsSums: false,
};

const reverseKl: Divergence = {
  name: 'klDivergence reverse',
  target: 'teacher',
  terms: 'vec2f(select(q * (logQ - logP), 0.0, isZero(q)), 0.0)',
  loss: 'uniforms.factor * sums.x',
  // A row that the teacher rules out, +Infinity, has gradient 0.
  gradient: 'select(q * ((logQ - logP) - sums.x), 0.0, isZero(q) || bitcast<u32>(sums.x) == 0x7f800000u)',
  gradientNeedsSums: true,
};

const soft: Divergence = {
  name: 'softCrossEntropy',
  target: 'teacher',
  terms: 'vec2f(select(p * logQ, 0.0, isZero(p)), 0.0)',
  loss: '-uniforms.factor * sums.x',
  gradient: 'q - p',
  gradientNeedsSums: false,
};

// The parameter is β, the teacher's weight in the mixture. sums: KL of the student's, then of the teacher's side.
const generalised: Divergence = {
  name: 'jensenShannon',
  target: 'teacher',
  prepare: `
    let upper = max(logP, logQ);
    let mixture = upper + logarithm(
      uniforms.parameter * fallingExponential(logP - upper) + (1.0 - uniforms.parameter) * fallingExponential(logQ - upper));`,
  terms: 'vec2f(select(q * (logQ - mixture), 0.0, isZero(q)), select(p * (logP - mixture), 0.0, isZero(p)))',
  loss: 'uniforms.factor * ((1.0 - uniforms.parameter) * sums.x + uniforms.parameter * sums.y)',
  gradient: '(1.0 - uniforms.parameter) * select(q * ((logQ - mixture) - sums.x), 0.0, isZero(q))',
  gradientNeedsSums: true,
};

// The parameter is ε. A label outside the classes makes value and gradient NaN: never a silent 0.
const hard: Divergence = {
  name: 'crossEntropy',
  target: 'labels',
  terms: 'vec2f(select(0.0, logQ, f32(at) == label), 0.0)',
  loss: 'select(notANumber(), -sums.x, labelled)',
  gradient: 'select(notANumber(), q - select(0.0, 1.0, f32(at) == label), labelled)',
  gradientNeedsSums: false,
};
const smoothed: Divergence = {
  name: 'crossEntropy smoothed',
  target: 'labels',
  prepare: 'let uniformPart = uniforms.parameter / f32(uniforms.classes);',
  terms: 'vec2f(select(0.0, logQ, f32(at) == label), logQ)',
  loss: `select(notANumber(), -((1.0 - uniforms.parameter) * sums.x
    + uniforms.parameter / f32(uniforms.classes) * sums.y), labelled)`,
  gradient: `select(notANumber(),
    q - ((1.0 - uniforms.parameter) * select(0.0, 1.0, f32(at) == label) + uniformPart), labelled)`,
  gradientNeedsSums: false,
};

/** The family. */
export const divergenceLosses: readonly DivergenceLoss[] = [
  {
    implements: klDivergence,
    divergenceOf: ({ direction }) => (direction === 'reverse' ? reverseKl : forwardKl),
  },
  { implements: softCrossEntropy, divergenceOf: () => soft },
  { implements: jensenShannon, divergenceOf: () => generalised, parameterOf: ({ beta }) => beta ?? 0.5 },
  {
    implements: crossEntropy,
    divergenceOf: ({ labelSmoothing = 0 }) => (labelSmoothing > 0 ? smoothed : hard),
    parameterOf: ({ labelSmoothing = 0 }) => labelSmoothing,
  },
];

/** The uniforms that follow from a loss's options. */
export function uniformsOf(
  { parameterOf }: DivergenceLoss,
  options: DivergenceOptions,
  classes: number,
): Readonly<Record<'classes' | 'inverseTemperature' | 'factor' | 'slope' | 'parameter', number>> {
  const { temperature = 1, scaleByTemperatureSquared = true } = options;
  const factor = scaleByTemperatureSquared ? temperature ** 2 : 1;
  return {
    classes,
    inverseTemperature: 1 / temperature,
    factor,
    slope: factor / temperature,
    parameter: parameterOf?.(options) ?? 0,
  };
}
