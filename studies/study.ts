/** What a study is: a paper's finding, run anew on models trained here, that ends in the paper's claims one by one. */
import type { Figure } from 'dark-knowledge/figures';
import type { Claim } from './claims.ts';
import type { Each, Once } from './parts.ts';

/** `toy` runs the whole path in seconds and shows nothing; `quick` ends within 15 minutes on two cores; `full` is the paper's. */
export type Scale = 'toy' | 'quick' | 'full';

/** What a run is given. */
export interface StudyContext {
  readonly scale: Scale;
  readonly seed: number;
  /** Parts that take long go through it, each under a name of its own. */
  readonly once: Once;
  /** What does not wait for one another: processes that run a study side by side share it. */
  readonly each: Each;
  /** A line on progress; `last` lines stay. */
  readonly progress: (text: string, last?: boolean) => void;
}

/** A table of a study's page: the first column names the row. */
export interface StudyTable {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface StudyFigure {
  readonly title: string;
  /** What to look for. */
  readonly note: string;
  readonly specification: Figure;
}

/** What a run found. */
export interface Findings {
  /** Sizes, hyper-parameters and seeds, as they were. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly tables: readonly StudyTable[];
  readonly figures: readonly StudyFigure[];
  readonly claims: readonly Claim[];
  /** What differs from the paper, and why a claim came out as it did. */
  readonly remarks: readonly string[];
  /** Every number that was measured, for the JSON file. */
  readonly measurements: unknown;
}

export interface Study {
  readonly name: string;
  readonly title: string;
  /** Authors, title, year and section. */
  readonly paper: string;
  readonly run: (context: StudyContext) => Promise<Findings>;
}
