/** What the paper claims, each from the trials. */
import { type Claim, type ClaimWords, claimAbove, claimMoreSpread } from '../claims.ts';
import {
  type BarrierName,
  type GroupName,
  type Measured,
  paperAccuracy,
  type SetName,
  setNames,
  setTitles,
  type TrialBarriers,
  type TrialPaths,
} from './groups.ts';

type Field = 'accuracy' | 'calibrationError' | 'similarityToCnns' | 'sharedErrors';

const unseen: readonly SetName[] = ['scaled', 'translated'];

export function claimsOf(
  measured: readonly Measured[],
  barriers: readonly TrialBarriers[],
  paths: readonly TrialPaths[],
): readonly Claim[] {
  const of = (group: GroupName, set: SetName, field: Field = 'accuracy'): readonly number[] =>
    measured
      .filter((row) => row.group === group && row.set === set)
      .flatMap((row) => (row[field] === null ? [] : [row[field]]));

  /** `better` above `worse` in every trial, or below it. */
  const compare = (
    words: ClaimWords,
    [better, worse]: readonly [GroupName, GroupName],
    set: SetName,
    field: Field = 'accuracy',
    sign = 1,
  ): Claim => claimAbove(words, paired(of(better, set, field), of(worse, set, field), sign));

  const accuracy = 'accuracy, difference';
  const gains = setNames.map((set) =>
    compare(
      {
        claim: `CNN → MLP above MLP alone on ${setTitles[set]}`,
        measure: accuracy,
        paper: difference('CNN → MLP', 'MLP', set),
        source: set === 'mnist' ? '§3.2, Table 9' : '§3.2',
      },
      ['CNN → MLP', 'MLP'],
      set,
    ),
  );
  const calibrated = setNames.map((set) =>
    compare(
      {
        claim: `CNN → MLP better calibrated than MLP alone on ${setTitles[set]}`,
        measure: 'ECE with 15 bins, that of the MLP alone less its own',
        paper: 'lower ECE on all three',
        source: '§3.2, Table 6',
      },
      ['CNN → MLP', 'MLP'],
      set,
      'calibrationError',
      -1,
    ),
  );
  const spread = unseen.flatMap((set) =>
    (['CNN → MLP', 'CNN'] as const).map((narrow) =>
      claimMoreSpread(
        {
          claim: `${narrow} varies less than MLP alone on ${setTitles[set]}`,
          measure: 'accuracy over trials, logarithm of the ratio of standard deviations',
          paper: narrow === 'CNN' ? 'much less variance' : 'lower variance',
          source: narrow === 'CNN' ? '§3.1' : '§3.2',
        },
        of('MLP', set),
        of(narrow, set),
      ),
    ),
  );
  const nearer = setNames.map((set) =>
    compare(
      {
        claim: `Representations of CNN → MLP nearer to the CNNs' than those of MLP alone, ${setTitles[set]}`,
        measure: 'representational similarity, difference',
        paper: 'more similar',
        source: '§3.2, Figure 7',
      },
      ['CNN → MLP', 'MLP'],
      set,
      'similarityToCnns',
    ),
  );
  const ways = claimAbove(
    {
      claim: 'CNN → MLP goes a way through training nearer to the CNN’s than MLP alone, Translated',
      measure: 'representational similarity at the same share of training, mean, difference',
      paper: 'more similar to its teacher CNN',
      source: '§3.2, Figure 1',
    },
    paths.map(({ similarity }) => similarity['CNN → MLP'] - similarity.MLP),
  );
  const less = unseen.map((set) =>
    compare(
      {
        claim: `MLP → MLP helps less than CNN → MLP on ${setTitles[set]}`,
        measure: accuracy,
        paper: 'much less',
        source: '§3.2, Table 6',
      },
      ['CNN → MLP', 'MLP → MLP'],
      set,
    ),
  );
  const losses = (['CNN → CNN', 'MLP → CNN'] as const).flatMap((student) =>
    setNames.map((set) =>
      compare(
        {
          claim: `${student} below CNN alone on ${setTitles[set]}`,
          measure: accuracy,
          paper: 'slightly lower',
          source: '§3.2, Table 6',
        },
        ['CNN', student],
        set,
      ),
    ),
  );
  const shared = unseen.map((set) =>
    compare(
      {
        claim: `CNN → MLP errs more as the teacher does than MLP alone, ${setTitles[set]}`,
        measure: "Jaccard's index of errors, difference",
        paper: 'more similar errors',
        source: set === 'scaled' ? 'E, Figure 11' : 'E, Figure 12',
      },
      ['CNN → MLP', 'MLP'],
      set,
      'sharedErrors',
    ),
  );
  return [...gains, ...calibrated, ...spread, ...nearer, ways, ...less, ...losses, ...shared, ...ofBarriers(barriers)];
}

function ofBarriers(barriers: readonly TrialBarriers[]): readonly Claim[] {
  const higher = (claim: string, high: BarrierName, low: BarrierName, source: string): Claim =>
    claimAbove(
      { claim, measure: 'barrier over the straight line, nats, difference', paper: 'higher', source },
      barriers.map(({ barriers: pair }) => pair[high].barrier.linear - pair[low].barrier.linear),
    );
  return [
    higher('The barrier between two MLPs is higher than between two CNNs', 'MLP, twice', 'CNN, twice', 'C, Figure 8'),
    higher(
      'The barrier between two MLPs is higher than between two of CNN → MLP',
      'MLP, twice',
      'CNN → MLP, twice',
      'C, Figure 9',
    ),
    higher(
      'The barrier between two MLPs is higher than between two of MLP → MLP',
      'MLP, twice',
      'MLP → MLP, twice',
      'C, Figure 9',
    ),
    higher(
      'The barrier from MLP alone is higher to CNN → MLP than to MLP → MLP',
      'MLP and CNN → MLP',
      'MLP and MLP → MLP',
      'C, Figure 9',
    ),
    higher(
      'The barrier is higher between MLPs of different teachers than between those of the same',
      'MLP → MLP and CNN → MLP',
      'CNN → MLP, twice',
      'C, Figure 9',
    ),
  ];
}

/** Differences trial by trial. */
function paired(first: readonly number[], second: readonly number[], sign: number): readonly number[] {
  return first.map((value, trial) => sign * (value - second[trial]!));
}

function difference(better: GroupName, worse: GroupName, set: SetName): string {
  return (paperAccuracy[better]![set] - paperAccuracy[worse]![set]).toFixed(3);
}
