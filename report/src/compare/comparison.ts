/** What a comparison holds: the object that is written as JSON, and all that the page is made of. */
import type {
  CkaMatrixResult,
  ConfidenceDeviationResult,
  ErrorOverlapResult,
  GroupShiftResult,
  PredictionFlipsResult,
} from 'dark-knowledge';
import type { ConfidenceFit, Reliability } from 'dark-knowledge/figures';

/** A number with its interval. Of infinite numbers JSON holds `1e999`, which readers take for infinity. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The similarity of a layer of the student with one of the teacher. */
export interface LayerEstimate extends Estimate {
  /** The teacher's layer. */
  readonly teacherLayer: string;
  /** The debiased form, near 0 for unrelated features whatever the number of rows. */
  readonly debiased: number;
  /** What features that have nothing to do with each other would give on average; null where it is not defined. */
  readonly chance: number | null;
  /** Rows that it was computed from. */
  readonly rows: number;
}

/** Numbers of labels and scores; those of scores are left out of models of which only predictions are known. */
export interface Scores {
  /** The share of rows whose label is predicted. */
  readonly accuracy: Estimate;
  /** Over 15 bins of equal width. */
  readonly expectedCalibrationError?: Estimate;
  /** Mean confidence less accuracy: above 0 is overconfident. */
  readonly overconfidence?: Estimate;
  /** In nats. */
  readonly negativeLogLikelihood?: Estimate;
  /** In [0, 2]. */
  readonly brierScore?: Estimate;
}

/** Numbers of a student beside its teacher. */
export interface Likeness {
  /** The share of rows on which it gives its teacher's answer. */
  readonly agreement?: Estimate;
  /** KL(teacher ‖ student), in nats, at temperature 1. */
  readonly klDivergence?: Estimate;
  /** Linear CKA by layer of the student. */
  readonly cka?: Readonly<Record<string, LayerEstimate>>;
}

/** All numbers of a model. */
export interface ModelNumbers extends Scores, Likeness {
  /** How many trials the numbers are means of. */
  readonly trials: number;
  /** Where there are several: the accuracy of each. */
  readonly trialAccuracies?: readonly number[];
  /** Of a student: its numbers less its teacher's, on the same rows. */
  readonly change?: Scores;
}

/** First less second, on the same rows. */
export interface Difference extends Scores {
  readonly first: string;
  readonly second: string;
  readonly agreement?: Estimate;
  readonly klDivergence?: Estimate;
  readonly cka?: Readonly<Record<string, Estimate>>;
}

/** The errors of all models beside each other, without the numbers of their rows. */
export interface Overlap extends Pick<ErrorOverlapResult, 'value' | 'count' | 'errors' | 'pairs'> {
  readonly regions: readonly { readonly models: readonly string[]; readonly count: number }[];
  readonly union: { readonly count: number };
}

/** The student's log-odds over the teacher's, on rows drawn at random. */
export type ConfidenceSample = ConfidenceFit &
  Pick<ConfidenceDeviationResult, 'correlation' | 'standardError'> & { readonly ofRows: number };

/** What `compareModels` returns. */
export interface Comparison {
  readonly title: string;
  readonly rows: number;
  /** Null where only predictions are known. */
  readonly classes: number | null;
  readonly classNames: readonly string[] | null;
  /** Names of the students, in order. The teacher is called `teacher`. */
  readonly students: readonly string[];
  readonly intervals: { readonly confidence: number; readonly resamples: number; readonly seed: number };
  /** `teacher` and each student by its name. */
  readonly models: Readonly<Record<string, ModelNumbers>>;
  /** Of each two students, by `'first - second'`. */
  readonly differences: Readonly<Record<string, Difference>>;
  /** Tables of bins, of models with scores. Of several trials the first one. */
  readonly reliability: Readonly<Record<string, Reliability>>;
  /** Rows that became right and wrong from the teacher to each student. Of several trials the first one. */
  readonly flips: Readonly<Record<string, PredictionFlipsResult>>;
  readonly errorOverlap: Overlap;
  /** Accuracy by class, teacher before, student after. Of several trials the first one. */
  readonly byClass: Readonly<Record<string, GroupShiftResult>>;
  /** The same by group, where groups are given. */
  readonly byGroup: Readonly<Record<string, GroupShiftResult>>;
  /** Of students and teachers with scores. */
  readonly confidence: Readonly<Record<string, ConfidenceSample>>;
  /** Every layer of the student with every layer of the teacher, where one of them has several. */
  readonly layers: Readonly<Record<string, CkaMatrixResult<string>>>;
  /** Sentences on what was left out or drawn at random. */
  readonly notes: readonly string[];
}
