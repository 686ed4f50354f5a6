/**
 * `dark-knowledge/authoring`: what the library's own losses and metrics are made of, for losses and metrics of yours.
 * `docs/loss.md` writes two losses, `docs/metric.md` a metric.
 * @module
 */

// Metrics that need some numbers of each row on the host
export { type ColumnMetric, type Columns, columnMetric } from '../columnMetric.ts';

// The frame of losses over rows: reduction, weights, masks, divisor
export {
  type FormOf,
  maskedRowLoss,
  type RowLoss,
  rowLoss,
  type ScaleRows,
  type SharedRowLoss,
  sharedRowLoss,
} from '../rowLoss.ts';
export { type CheckedRowOptions, reductionOptions, rowOptions, usualIgnoreIndex } from '../ops/rowReduction.ts';

// The frame of losses on two sides' logits: the classes' axis, vocabularies that differ
export type { CheckedVocabulary } from '../ops/vocabulary.ts';
export {
  type CheckedLogitPair,
  type LogitPair,
  type LogitPairLoss,
  type LogitPairOptions,
  logitPairLoss,
  logitPairOptions,
  type PairLoss,
} from '../logitPairLoss.ts';

// The frame of metrics over rows: kinds of inputs, weights, masks, faults
export {
  type RowInput,
  type RowMetric,
  type RowMetricFrame,
  type RowMetricOptions,
  type Rows,
  requireRows,
  rowMask,
  rowMetric,
} from '../rowMetric.ts';

// Options, read once in the factory
export {
  atLeast,
  between,
  callback,
  finite,
  flag,
  type ListRule,
  list,
  type OptionReader,
  type OptionReaders,
  optional,
  positive,
  type ReadOptions,
  readOptions,
  text,
  whole,
  within,
  word,
} from '../options.ts';

// Checks of inputs, and errors in the library's form
export {
  checkLabelledPair,
  checkLabels,
  checkLogitPair,
  checkLogits,
  checkRowWeights,
  type RowCounts,
} from '../ops/checkRows.ts';
export { checkNotEmpty, checkRank, checkSameShape, kindError, rangeError, shapeError } from '../check.ts';

// Two predictions beside each other, without loss of digits where they are alike
export {
  plainTemperature,
  type SoftenedPair,
  softenedPair,
  type Temperatures,
  temperaturesOption,
} from '../ops/softenedPair.ts';
export { centredGradient, probabilityGap, relativeEntropy, relativeEntropyTerms } from '../ops/relativeEntropy.ts';

// Operations on rows
export { asColumn, asRows } from '../ops/asColumn.ts';
export { expectation } from '../ops/expectation.ts';
export { logSoftmax } from '../ops/logSoftmax.ts';
export { logSumExp } from '../ops/logSumExp.ts';
export { minimum } from '../ops/minimum.ts';
export { scale } from '../ops/scale.ts';
export { sigmoid } from '../ops/sigmoid.ts';
export { sign } from '../ops/sign.ts';
export { softmaxGradient } from '../ops/softmaxGradient.ts';
export { softplus } from '../ops/softplus.ts';
export { type UnitRows, unitRows, unitRowsGradient } from '../ops/unitRows.ts';

// The order of a row's elements
export { argSort } from '../ops/argSort.ts';
export { scatterAlong } from '../ops/scatterAlong.ts';
export { takeAlong } from '../ops/takeAlong.ts';
