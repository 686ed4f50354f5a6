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
  FusedPairKernel,
  HostBackend,
  KernelInputs,
  KernelRepresentation,
  MatMulOptions,
  ReduceOptions,
  Residuals,
  RowDraw,
  RowsInParts,
  Shape,
  TensorTree,
} from './backend.ts';
export type { InputNames, Inputs } from './inputs.ts';

// Host arrays and the generator
export {
  type DimsTensor,
  type HostTensor,
  type MatrixLike,
  type NestedArray,
  type ShapedArray,
  type TensorLike,
  type TypedArray,
  tensor,
} from './tensor.ts';
export { deriveSeed, randomBelow, randomBits, randomNormal, randomPermutation, randomUniform } from './random.ts';

// Losses: runners and composition
export {
  type AnyLoss,
  type DifferentiableOf,
  type EvaluationOn,
  evaluateOn,
  type Form,
  type GradientEvaluationOn,
  type Gradients,
  type InputOf,
  type InputsOf,
  type Loss,
  type LossContext,
  type OptionalOf,
  type OtherNames,
  valueAndGradientsOn,
} from './loss.ts';
export {
  type Evaluation,
  evaluate,
  type GradientEvaluation,
  type HostValue,
  valueAndGradients,
} from './hostLoss.ts';
export { releaseMemory } from './hostBackend.ts';
export { type Term, weightedSum } from './weightedSum.ts';
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

// Losses on logits
export { type CrossEntropyOptions, crossEntropy } from './losses/logits/crossEntropy.ts';
export { type KlDivergenceOptions, klDivergence } from './losses/logits/klDivergence.ts';
export { type SoftCrossEntropyOptions, softCrossEntropy } from './losses/logits/softCrossEntropy.ts';
export { type JensenShannonOptions, jensenShannon } from './losses/logits/jensenShannon.ts';
export { type SkewedKlDivergenceOptions, skewedKlDivergence } from './losses/logits/skewedKlDivergence.ts';
export { type BinaryKlDivergenceOptions, binaryKlDivergence } from './losses/logits/binaryKlDivergence.ts';
export {
  type StandardizedKlDivergenceOptions,
  standardizedKlDivergence,
} from './losses/logits/standardizedKlDivergence.ts';
export { type SampledReverseKlOptions, sampledReverseKl } from './losses/logits/sampledReverseKl.ts';
export { type AlphaDivergenceOptions, alphaDivergence } from './losses/logits/alphaDivergence.ts';
export { type AdaptiveKlDivergenceOptions, adaptiveKlDivergence } from './losses/logits/adaptiveKlDivergence.ts';
export { type LogitMseOptions, logitMse } from './losses/logits/logitMse.ts';
export {
  type ForEachSide,
  type LinearDivergenceOptions,
  type LinearInput,
  type LinearOptionalInput,
  linearDivergence,
} from './losses/logits/linearDivergence.ts';
export type { TiledDivergenceName } from './ops/tiledDivergence.ts';
export { type SparseDivergenceOptions, type SparseInput, sparseDivergence } from './losses/logits/sparseDivergence.ts';
export {
  type UniversalLogitDistanceOptions,
  universalLogitDistance,
} from './losses/logits/universalLogitDistance.ts';
export type { DivergenceName } from './ops/rowDivergence.ts';
export type { MissingClasses } from './ops/sparseTeacher.ts';
export { type MarginMseOptions, marginMse } from './losses/logits/marginMse.ts';
export { type DkdOptions, dkd } from './losses/logits/dkd.ts';
export { type NkdOptions, nkd } from './losses/logits/nkd.ts';
export { type DistOptions, dist } from './losses/logits/dist.ts';
export { type TotalVariationOptions, totalVariation } from './losses/logits/totalVariation.ts';
export { type NegativeLogAcceptanceOptions, negativeLogAcceptance } from './losses/logits/negativeLogAcceptance.ts';
export { type AcceptanceHybridOptions, acceptanceHybrid } from './losses/logits/acceptanceHybrid.ts';
export type { Reduction, RowOptions } from './ops/rowReduction.ts';
export type { Temperatures } from './ops/softenedPair.ts';
export type { MatchedVocabulary, Vocabulary } from './ops/vocabulary.ts';
export type { LogitPair, LogitPairOptions, PairLoss } from './logitPairLoss.ts';
export { alignSpans, type Span } from './alignSpans.ts';

// Losses on features
export { type AttentionMseOptions, attentionMse } from './losses/features/attentionMse.ts';
export { type AttentionTransferOptions, attentionTransfer } from './losses/features/attentionTransfer.ts';
export {
  type ChannelwiseDivergenceOptions,
  channelwiseDivergence,
} from './losses/features/channelwiseDivergence.ts';
export { type CosineDistanceOptions, cosineDistance } from './losses/features/cosineDistance.ts';
export { type HierarchicalContextOptions, hierarchicalContext } from './losses/features/hierarchicalContext.ts';
export {
  type HintDifferentiable,
  type HintInput,
  type HintOptions,
  type HintRegressor,
  hint,
} from './losses/features/hint.ts';
export {
  type HintRegressorOptions,
  type HintRegressorParameters,
  initializeHintRegressor,
} from './losses/features/initializeHintRegressor.ts';
export { type InitializeVidOptions, initializeVid, type VidParameters } from './losses/features/initializeVid.ts';
export { type NormalizedMseOptions, normalizedMse } from './losses/features/normalizedMse.ts';
export { type PixelwiseDivergenceOptions, pixelwiseDivergence } from './losses/features/pixelwiseDivergence.ts';
export { type SelectivityTransferOptions, selectivityTransfer } from './losses/features/selectivityTransfer.ts';
export { type VidOptions, vid } from './losses/features/vid.ts';
export { type LayerMapOptions, type LayerPair, type LayerStrategy, layerMap } from './losses/layerMap.ts';
export type { FeatureLayout } from './ops/affine.ts';

// Losses on relations
export { type CkaLossOptions, ckaLoss } from './losses/relations/ckaLoss.ts';
export { pkt } from './losses/relations/pkt.ts';
export { procrustesLoss } from './losses/relations/procrustesLoss.ts';
export { type RelationalAngleOptions, relationalAngle } from './losses/relations/relationalAngle.ts';
export { relationalDistance } from './losses/relations/relationalDistance.ts';
export { type RelationDivergenceOptions, relationDivergence } from './losses/relations/relationDivergence.ts';
export { similarityPreserving } from './losses/relations/similarityPreserving.ts';

// Contrastive losses, their memory and their draws
export {
  type ContrastIndices,
  type ContrastIndicesOn,
  type ContrastSampler,
  type ContrastSamplerOptions,
  contrastSampler,
} from './contrastive/contrastSampler.ts';
export {
  ContrastiveMemoryOn,
  type ContrastiveMemoryOptions,
  type MemoryOn,
  type MemoryTensors,
} from './contrastive/contrastiveMemory.ts';
export { ContrastiveMemory, estimatePartitions } from './contrastive/host.ts';
export type { ContrastiveMemoryState } from './contrastive/memoryState.ts';
export { type ContrastInput, estimatePartitionsOn, type Partitions } from './losses/contrastive/estimatePartitions.ts';
export { crd } from './losses/contrastive/crd.ts';
export type {
  CrdInput,
  CrdNegatives,
  CrdNormalization,
  CrdOptionalInput,
  CrdOptions,
} from './losses/contrastive/crdOptions.ts';
export type { ProjectionInput } from './losses/contrastive/embedding.ts';
export {
  type ContrastPositives,
  type InBatchContrastInput,
  type InBatchContrastOptions,
  inBatchContrast,
} from './losses/contrastive/inBatchContrast.ts';
export { type CrdParameters, type InitializeCrdOptions, initializeCrd } from './losses/contrastive/initializeCrd.ts';
export { type QueueDivergenceOptions, queueDivergence } from './losses/contrastive/queueDivergence.ts';

// Teachers: several as one, one that follows its student, and ones made from labels
export {
  type AverageTeachersOptions,
  averageTeachers,
  averageTeachersOn,
  type TeacherAverage,
} from './teachers/averageTeachers.ts';
export {
  type AverageParametersOnOptions,
  type AverageParametersOptions,
  averageParameters,
  averageParametersOn,
  meanTeacherMomentum,
  type ParameterSet,
} from './teachers/averageParameters.ts';
export {
  type ConfidentTeacherOptions,
  confidentTeacher,
  type NoisyLabelsOptions,
  noisyLabels,
  type SmoothedLabelsOptions,
  smoothedLabels,
  type VirtualTeacherOptions,
} from './teachers/virtualTeachers.ts';

// Metrics: runners
export {
  type AnyMetric,
  type BatchOf,
  type Fault,
  type Metric,
  type MetricMember,
  measureOn,
  type ResultOf,
  type StatisticsOn,
} from './metric.ts';
export {
  countOf,
  type HostStatistic,
  type HostStatistics,
  type MetricState,
  numberOf,
  type StateForm,
  type StatisticForm,
} from './metricState.ts';
export { type AccumulatorOn, accumulateOn } from './accumulate.ts';
export { type Accumulator, accumulate, measure, restore } from './hostMetric.ts';

// Metrics: several at once
export {
  accumulateAllOn,
  type MetricRecord,
  measureAllOn,
  metricSet,
  type ResultsOf,
  type SharedBatchOf,
} from './metricSet.ts';
export { accumulateAll, measureAll } from './hostMetricSet.ts';
export { bootstrapMetric, bootstrapMetricDifference } from './bootstrapMetric.ts';
export { bootstrapMetricDifferenceOn, bootstrapMetricOn } from './bootstrapMetricOn.ts';
export type { BootstrapMetricOptions } from './bootstrapOptions.ts';

// Metrics: what their predictions come from
export type { PredictionOptions, PredictionSource, SideInput } from './metrics/predictionSource.ts';

// Metrics: classification
export {
  type AccuracyOptions,
  type AccuracyResult,
  accuracy,
  type ClassAccuracy,
} from './metrics/classification/accuracy.ts';
export { type CohenKappaOptions, type CohenKappaResult, cohenKappa } from './metrics/classification/cohenKappa.ts';
export type { ConfusionOptions } from './metrics/classification/confusionCounts.ts';
export {
  type LabelScores,
  type MultiLabelScoresOptions,
  type MultiLabelScoresResult,
  multiLabelScores,
} from './metrics/classification/multiLabelScores.ts';
export type { DecisionOptions } from './metrics/decisionThreshold.ts';
export {
  type GroupAccuracy,
  type GroupedAccuracyOptions,
  type GroupedAccuracyResult,
  groupedAccuracy,
} from './metrics/classification/groupedAccuracy.ts';
export {
  type ConfusionClass,
  type ConfusionMatrixOptions,
  type ConfusionMatrixResult,
  confusionMatrix,
} from './metrics/classification/confusionMatrix.ts';

// Metrics: tokens
export {
  type AcceptanceRateOptions,
  type AcceptanceRateResult,
  acceptanceRate,
} from './metrics/tokens/acceptanceRate.ts';
export {
  type AcceptedLengthsOptions,
  type AcceptedLengthsResult,
  acceptedLengths,
  type DraftPosition,
} from './metrics/tokens/acceptedLengths.ts';
export { type TokenFidelityOptions, type TokenFidelityResult, tokenFidelity } from './metrics/tokens/tokenFidelity.ts';
export type { Quantiles } from './metrics/tokens/tokenQuantiles.ts';
export { type TopKOverlapOptions, type TopKOverlapResult, topKOverlap } from './metrics/tokens/topKOverlap.ts';

// Metrics: flips between two models
export type { BeforeAfterInput, BeforeAfterOptions, FlipTable } from './metrics/behaviour/beforeAfter.ts';
export {
  type CompressionExemplar,
  type CompressionExemplarsOptions,
  type CompressionExemplarsResult,
  compressionExemplars,
} from './metrics/behaviour/compressionExemplars.ts';
export {
  type ErrorConsistencyOptions,
  type ErrorConsistencyResult,
  errorConsistency,
} from './metrics/behaviour/errorConsistency.ts';
export {
  type GroupShiftGroup,
  type GroupShiftOptions,
  type GroupShiftResult,
  groupShift,
} from './metrics/behaviour/groupShift.ts';
export {
  type PredictionFlipsOptions,
  type PredictionFlipsResult,
  predictionFlips,
} from './metrics/behaviour/predictionFlips.ts';

// Metrics: calibration
export type { BinEdges, CalibrationBin, CalibrationErrors, CalibrationNorm } from './metrics/calibration/binTable.ts';
export {
  type BinaryCalibrationErrorOptions,
  type BinaryCalibrationErrorResult,
  binaryCalibrationError,
} from './metrics/calibration/binaryCalibrationError.ts';
export {
  type BrierDecompositionOptions,
  type BrierDecompositionResult,
  type BrierParts,
  brierDecomposition,
} from './metrics/calibration/brierDecomposition.ts';
export { type BrierScoreOptions, type BrierScoreResult, brierScore } from './metrics/calibration/brierScore.ts';
export {
  type CalibrationErrorOptions,
  type CalibrationErrorResult,
  type CalibrationInput,
  type CalibrationOptionalInput,
  type CalibrationStatistic,
  calibrationError,
} from './metrics/calibration/calibrationError.ts';
export type { AdaptiveClass } from './metrics/calibration/adaptiveBins.ts';
export {
  type AdaptiveCalibrationErrorOptions,
  type AdaptiveCalibrationErrorResult,
  adaptiveCalibrationError,
} from './metrics/calibration/adaptiveCalibrationError.ts';
export {
  type ThresholdedAdaptiveCalibrationErrorOptions,
  type ThresholdedAdaptiveCalibrationErrorResult,
  thresholdedAdaptiveCalibrationError,
} from './metrics/calibration/thresholdedAdaptiveCalibrationError.ts';
export type { ConfidenceOptions, ConfidenceRows } from './metrics/calibration/confidenceRows.ts';
export type { LabelledScores } from './metrics/calibration/hostScores.ts';
export type { HeldOutRows } from './metrics/calibration/labelledLogits.ts';
export type { RankOptions } from './metrics/calibration/rankOptions.ts';
export type { AdaptiveOptionalInput } from './metrics/calibration/adaptiveMetric.ts';
export type { ConfidenceMetricOptions } from './metrics/calibration/confidenceMetric.ts';
export {
  type KolmogorovSmirnovCalibrationOptions,
  type KolmogorovSmirnovCalibrationResult,
  kolmogorovSmirnovCalibration,
} from './metrics/calibration/kolmogorovSmirnovCalibration.ts';
export {
  type SelectiveAccuracyOptions,
  type SelectiveAccuracyResult,
  type SelectivePoint,
  selectiveAccuracy,
} from './metrics/calibration/selectiveAccuracy.ts';
export {
  type EqualMassOptions,
  type EqualMassResult,
  equalMassBoundaries,
  equalMassCalibrationError,
} from './metrics/calibration/equalMassCalibrationError.ts';
export {
  type NegativeLogLikelihoodResult,
  negativeLogLikelihood,
} from './metrics/calibration/negativeLogLikelihood.ts';
export {
  type SmoothCalibrationErrorOptions,
  type SmoothCalibrationErrorResult,
  smoothCalibrationError,
} from './metrics/calibration/smoothCalibrationError.ts';
export {
  type TemperatureQuality,
  type TemperatureScalingOptions,
  type TemperatureScalingResult,
  temperatureScaling,
} from './metrics/calibration/temperatureScaling.ts';
export {
  type TopLabelConfidences,
  type TopLabelInputs,
  type TopLabelOptions,
  topLabelConfidences,
} from './metrics/calibration/topLabelConfidences.ts';

// Metrics: conformal prediction
export type { ConformalResult } from './metrics/conformal/conformalResult.ts';
export {
  type ConformalInput,
  type ConformalSetsOptions,
  type ConformalSetsResult,
  conformalSets,
} from './metrics/conformal/conformalSets.ts';
export type { ConformalScore } from './metrics/conformal/rankedScores.ts';

// Metrics: similarity
export type { CanonicalCorrelationResult, CorrelationStatus } from './metrics/similarity/canonicalCorrelations.ts';
export { cka } from './metrics/similarity/cka.ts';
export { type CkaMatrixOptions, type CkaMatrixResult, ckaMatrix } from './metrics/similarity/ckaMatrix.ts';
export type { CkaOptions } from './metrics/similarity/ckaOptions.ts';
export type { CkaResult, CkaStatus } from './metrics/similarity/ckaSimilarity.ts';
export { type CknnaOptions, type CknnaResult, cknna } from './metrics/similarity/cknna.ts';
export type { ActivationStatus } from './metrics/similarity/activationStatus.ts';
export { type MeanCcaOptions, meanCca } from './metrics/similarity/meanCca.ts';
export {
  type NearestNeighborAgreementOptions,
  type NearestNeighborAgreementResult,
  nearestNeighborAgreement,
} from './metrics/similarity/nearestNeighborAgreement.ts';
export type { NeighborMetric } from './metrics/similarity/neighborLists.ts';
export {
  type NullCalibrationOptions,
  type NullCalibrationResult,
  nullCalibration,
  type SimilarityFunction,
} from './metrics/similarity/nullCalibration.ts';
export type {
  Extents,
  Matchings,
  PairForm,
  PairSimilarity,
  PairStatisticForm,
  PairStatistics,
  Rematching,
  Representation,
  SetStatisticForm,
  SetStatistics,
  SimilarityMetric,
} from './metrics/similarity/pairSimilarity.ts';
export { type ProcrustesOptions, type ProcrustesResult, procrustes } from './metrics/similarity/procrustes.ts';
export {
  type ProcrustesDistanceOptions,
  type ProcrustesDistanceResult,
  procrustesDistance,
} from './metrics/similarity/procrustesDistance.ts';
export { type PwccaConvention, type PwccaOptions, type PwccaResult, pwcca } from './metrics/similarity/pwcca.ts';
export {
  type RepresentationalSimilarityOptions,
  type RepresentationalSimilarityResult,
  representationalSimilarity,
} from './metrics/similarity/representationalSimilarity.ts';
export {
  type DissimilarityComparisons,
  type RepresentationalSimilarityAnalysisOptions,
  type RepresentationalSimilarityAnalysisResult,
  representationalSimilarityAnalysis,
} from './metrics/similarity/representationalSimilarityAnalysis.ts';
export type { DissimilarityComparison } from './metrics/similarity/dissimilarityComparison.ts';
export type { SampleDissimilarity } from './metrics/similarity/dissimilarityPairs.ts';
export {
  type SimilarityCell,
  type SimilarityMatrixOptions,
  type SimilarityMatrixResult,
  similarityMatrix,
} from './metrics/similarity/similarityMatrix.ts';
export { type SvccaOptions, svcca } from './metrics/similarity/svcca.ts';
export {
  type Path,
  type TrainingPathOptions,
  type TrainingPathResult,
  trainingPath,
} from './metrics/similarity/trainingPath.ts';

// Metrics: embedding
export { type DissimilarityOptions, dissimilarity, type KnownMatrix } from './metrics/embedding/dissimilarity.ts';
export {
  type MultidimensionalScalingOptions,
  type MultidimensionalScalingResult,
  multidimensionalScaling,
} from './metrics/embedding/multidimensionalScaling.ts';

// Metrics: behaviour
export { type AgreementOptions, agreement } from './metrics/behaviour/agreement.ts';
export { type ErrorOverlapOptions, errorOverlap } from './metrics/behaviour/errorOverlap.ts';
export type { ErrorOverlapResult, ErrorPair, ErrorRegion, ModelErrors } from './metrics/behaviour/errorRegions.ts';
export { type InvarianceOptions, invariance } from './metrics/behaviour/invariance.ts';
export type { ClassMatch, MatchStatistic, PredictionMatch } from './metrics/behaviour/predictionMatch.ts';
export {
  type PredictiveDivergenceOptions,
  type PredictiveDivergenceResult,
  predictiveDivergence,
} from './metrics/behaviour/predictiveDivergence.ts';
export {
  type RightWrongSplitOptions,
  type RightWrongSplitResult,
  rightWrongSplit,
  type SplitPart,
} from './metrics/behaviour/rightWrongSplit.ts';
export { type ShapeBiasOptions, type ShapeBiasResult, shapeBias } from './metrics/behaviour/shapeBias.ts';
export {
  type StudentsSplitOptions,
  type StudentsSplitPart,
  type StudentsSplitResult,
  studentsSplit,
} from './metrics/behaviour/studentsSplit.ts';

// Metrics: robustness
export { type FoolingRateOptions, type FoolingRateResult, foolingRate } from './metrics/robustness/foolingRate.ts';
export { type GradCamOptions, gradCam, gradCamOn } from './metrics/robustness/gradCam.ts';
export type { AttackBound, IterativeFgsmOptions } from './metrics/robustness/attackOptions.ts';
export { type IterativeFgsm, iterativeFgsm } from './metrics/robustness/iterativeFgsm.ts';
export { type IterativeFgsmOn, iterativeFgsmOn } from './metrics/robustness/iterativeFgsmOn.ts';
export {
  type SaliencySimilarityOptions,
  type SaliencySimilarityResult,
  saliencySimilarity,
} from './metrics/robustness/saliencySimilarity.ts';
export {
  type SaliencyTransferOptions,
  type SaliencyTransferResult,
  saliencyTransfer,
} from './metrics/robustness/saliencyTransfer.ts';
export {
  type StudentFoolingRateOptions,
  type StudentFoolingRateResult,
  studentFoolingRate,
} from './metrics/robustness/studentFoolingRate.ts';
export type { Grid } from './ops/resizeBilinear.ts';

// Metrics: deviation
export {
  type ConfidenceDeviationOptions,
  type ConfidenceDeviationResult,
  confidenceDeviation,
  confidenceDeviationOn,
} from './metrics/deviation/confidenceDeviation.ts';
export type { ConfidenceLine } from './metrics/deviation/confidenceLine.ts';
export {
  type ConfidenceSlopeOptions,
  type ConfidenceSlopeResult,
  confidenceSlope,
} from './metrics/deviation/confidenceSlope.ts';
export {
  type EigenComponentsInputs,
  type EigenComponentsOptions,
  type EigenComponentsResult,
  eigenComponents,
} from './metrics/deviation/eigenComponents.ts';
export {
  type EigenDirectionsOptions,
  type EigenDirectionsResult,
  eigenDirections,
} from './metrics/deviation/eigenDirections.ts';
export {
  type EqualProgress,
  type FlowWeights,
  type GradientFlow,
  gradientFlow,
  type StudentTimes,
} from './metrics/deviation/gradientFlow.ts';
export { type ImagePatchesOptions, imagePatches } from './metrics/deviation/imagePatches.ts';

// Metrics: landscape
export type {
  Barriers,
  InterpolationOptions,
  InterpolationProgress,
  InterpolationResult,
  Measured,
  Parameters,
} from './metrics/landscape/interpolation.ts';
export { type LinearInterpolationOptions, linearInterpolation } from './metrics/landscape/linearInterpolation.ts';
export { type LinearInterpolationOnOptions, linearInterpolationOn } from './metrics/landscape/linearInterpolationOn.ts';

// Metrics: scores and aggregation
export {
  type BootstrapDifference,
  type BootstrapInterval,
  bootstrapInterval,
  pairedBootstrapDifference,
  selectRows,
} from './metrics/scores/bootstrap.ts';
export type { ClassCount } from './metrics/scores/classCounts.ts';
export {
  type ClassFBeta,
  type FBetaScoreOptions,
  type FBetaScoreResult,
  fBetaScore,
} from './metrics/scores/fBetaScore.ts';
export type { FScoreOptions } from './metrics/scores/fScores.ts';
export { type ClassF1, type F1ScoreOptions, type F1ScoreResult, f1Score } from './metrics/scores/f1Score.ts';
export {
  type MatthewsCorrelationOptions,
  type MatthewsCorrelationResult,
  matthewsCorrelation,
} from './metrics/scores/matthewsCorrelation.ts';
export {
  type MeanAndStandardDeviation,
  meanAndStandardDeviation,
} from './metrics/scores/meanAndStandardDeviation.ts';
export type { CorrelationInterval, CorrelationOptions, CorrelationResult } from './metrics/scores/correlation.ts';
export { kendallCorrelation } from './metrics/scores/kendallCorrelation.ts';
export { type PearsonCorrelation, pearsonCorrelation } from './metrics/scores/pearsonCorrelation.ts';
export type { RankCorrelation } from './metrics/scores/rankMetric.ts';
export { type PerplexityOptions, type PerplexityResult, perplexity } from './metrics/scores/perplexity.ts';
export {
  type DegradationInputs,
  type DegradationOptions,
  type RelativeDegradation,
  relativeDegradation,
  type TaskScores,
} from './metrics/scores/relativeDegradation.ts';
export type {
  BootstrapAlternative,
  BootstrapBoundsOptions,
  BootstrapMethod,
} from './metrics/scores/bootstrapBounds.ts';
export { type JackknifeInterval, type JackknifeOptions, jackknifeInterval } from './metrics/scores/jackknife.ts';
export type { BootstrapOptions } from './metrics/scores/resampling.ts';
export type { RowStatistic } from './metrics/scores/rowStatistic.ts';
export {
  type SubsamplingInterval,
  type SubsamplingOptions,
  subsamplingInterval,
} from './metrics/scores/subsampling.ts';
export {
  type SamplesPerSecondOptions,
  samplesPerSecond,
  type Throughput,
  type ThroughputTimer,
} from './metrics/scores/samplesPerSecond.ts';
export { spearmanCorrelation } from './metrics/scores/spearmanCorrelation.ts';
