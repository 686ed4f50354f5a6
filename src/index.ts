/**
 * `dark-knowledge`: knowledge-distillation losses, and the metrics that show what a student took from its teacher.
 * @module
 */
// The contract
export type {
  Backend,
  Forward,
  FusedKernel,
  FusedLossKernel,
  FusedMetricKernel,
  HostBackend,
  KernelInputs,
  MatMulOptions,
  ReduceOptions,
  Residuals,
  Shape,
} from './backend.ts';
// Losses: runners and composition
export {
  type Accumulator,
  accumulate,
  type Evaluation,
  evaluate,
  type GradientEvaluation,
  type HostValue,
  measure,
  restore,
  valueAndGradients,
} from './host.ts';
export type { InputNames, Inputs } from './inputs.ts';
export {
  type AnyLoss,
  type DifferentiableOf,
  type EvaluationOn,
  evaluateOn,
  type Form,
  type GradientEvaluationOn,
  type InputOf,
  type Loss,
  type LossContext,
  type OptionalOf,
  valueAndGradientsOn,
} from './loss.ts';
// Losses on logits
export { type CrossEntropyOptions, crossEntropy } from './losses/logits/crossEntropy.ts';
export { type KlDivergenceOptions, klDivergence } from './losses/logits/klDivergence.ts';
// Metrics: runners
export {
  type AccumulatorOn,
  type AnyMetric,
  accumulateOn,
  type HostStatistic,
  type HostStatistics,
  type Metric,
  type MetricState,
  measureOn,
} from './metric.ts';
// Metrics: classification
export { type AccuracyOptions, type AccuracyResult, accuracy } from './metrics/classification/accuracy.ts';
export type { Reduction, RowOptions } from './ops/rowReduction.ts';
export { type Renamed, rename } from './rename.ts';
export {
  constant,
  cosineRamp,
  linearRamp,
  type RampOptions,
  type Schedule,
  type SwitchOptions,
  switchAt,
} from './schedule.ts';
// Host arrays
export {
  type DimsTensor,
  type HostTensor,
  type MatrixLike,
  type NestedArray,
  type TensorLike,
  type TypedArray,
  tensor,
} from './tensor.ts';
export { type Term, weightedSum } from './weightedSum.ts';
