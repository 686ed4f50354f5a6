/** What a training says of itself. */
import type { DistillState } from './savedState.ts';

/** After a step. */
export interface StepReport {
  /** The epoch that is under way, from 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Batches of this epoch that are done, and how many it has; undefined for a dataset. */
  readonly batch: number;
  readonly batches: number | undefined;
  /** Steps that are done, over all epochs. */
  readonly step: number;
  readonly loss: number;
}

/** What was found on the validation data. */
export interface ValidationReport<Results> {
  /** The objective's value, a mean over the samples; undefined where the data lack an input that it asks for. */
  readonly loss: number | undefined;
  /** Each term of a weighted sum, before its weight. */
  readonly terms: Readonly<Record<string, number>>;
  readonly metrics: Results;
}

/** After an epoch. */
export interface EpochReport<Results = Readonly<Record<never, never>>> {
  /** From 1. */
  readonly epoch: number;
  /** Steps that are done, over all epochs. */
  readonly step: number;
  /** The objective's value while training, a mean over the epoch's samples, with the penalties of the student's layers. */
  readonly loss: number;
  /** Each term of a weighted sum, before its weight. */
  readonly terms: Readonly<Record<string, number>>;
  readonly validation: ValidationReport<Results> | undefined;
  /** The epoch with its validation. */
  readonly seconds: number;
}

/** What `onEpoch` is told: the report, and the way to a state to resume from. */
export interface EpochProgress<Results> extends EpochReport<Results> {
  /** The training as it stands, to be saved. To be asked for before `onEpoch` returns, or its promise resolves. */
  state(): Promise<DistillState>;
}
