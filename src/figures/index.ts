/**
 * `dark-knowledge/figures`: results as pictures. Each function turns what a metric returned into a specification in the
 * language of Vega-Lite 6, a plain object with its data, which vega-embed shows in a page and vega turns into SVG anywhere.
 * @module
 */
export { type Barrier, type BarrierCurveOptions, barrierCurve } from './barrierCurve.ts';
export { type ConfidenceFit, confidenceScatter } from './confidenceScatter.ts';
export { type Degradation, degradationHeatMap } from './degradationHeatMap.ts';
export { type EigenPaths, type EigenTrajectoriesOptions, eigenTrajectories } from './eigenTrajectories.ts';
export { type ErrorOverlap, errorOverlapBars } from './errorOverlapBars.ts';
export { type Fooling, foolingBars } from './foolingBars.ts';
export type { FigureOptions, ModelFigureOptions } from './frame.ts';
export { type GroupChange, type GroupGapsOptions, type GroupShift, groupGaps } from './groupGaps.ts';
export { invarianceBars } from './invarianceBars.ts';
export { type LossCurvesOptions, lossCurves, type StepRecord } from './lossCurves.ts';
export type { ModelPaths, ModelPoints } from './mapPoints.ts';
export { modelMap } from './modelMap.ts';
export type { LayerSimilarity, ModelSimilarity } from './pairNumbers.ts';
export { type PredictionFlips, predictionFlipBars } from './predictionFlipBars.ts';
export { type Reliability, reliabilityDiagram } from './reliabilityDiagram.ts';
export { type SimilarityHeatMapOptions, similarityHeatMap } from './similarityHeatMap.ts';
export type {
  Axis,
  Column,
  Config,
  Data,
  Datum,
  DatumChannel,
  Encoding,
  FieldChannel,
  FieldType,
  Figure,
  Layer,
  Legend,
  Mark,
  Panel,
  PlainField,
  Resolution,
  Row,
  Scale,
  Title,
} from './specification.ts';
