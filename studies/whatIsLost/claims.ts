/** The paper's claims on what is lost, and their numbers in its own tables. */
import { relativeDegradation, spearmanCorrelation } from 'dark-knowledge';
import { type Claim, type ClaimWords, claimAbove, claimFrom } from '../claims.ts';
import { taskNames } from '../data/textTasks.ts';
import { byModel, glueExamples, glueScores, glueSpeeds, type ModelName, type TaskNumbers } from './glue.ts';
import { type StudentName, studentNames } from './layerwise.ts';

/** Scores of all models by task. */
export type ModelScores = Readonly<Record<ModelName, TaskNumbers>>;

export interface LossMeasurements {
  readonly examples: TaskNumbers;
  readonly scores: ModelScores;
  /** Samples a second over all tasks, by round. */
  readonly speeds: Readonly<Record<ModelName, readonly number[]>>;
}

/** What the students lost of the teacher's score, as `relativeDegradation` has it. */
export function degradationOf({ teacher, ...students }: ModelScores) {
  return relativeDegradation({ teacher, students });
}

/** The paper's numbers in the form of ours: its speeds are one round. */
const inPaper: LossMeasurements = {
  examples: glueExamples,
  scores: glueScores,
  speeds: byModel((name) => [meanOf(taskNames.map((task) => glueSpeeds[name][task]))]),
};

interface Comparison extends Pick<ClaimWords, 'claim'> {
  readonly more: readonly StudentName[];
  readonly less: readonly StudentName[];
}

const comparisons: readonly Comparison[] = [
  { claim: 'A smaller width costs more than fewer layers', more: ['⅔D', '½D'], less: ['9L', '6L'] },
  { claim: '… until the layers are drastically fewer: 3L costs more than width', more: ['3L'], less: ['⅔D', '½D'] },
  {
    claim: 'Fewer layers and a smaller width together cost more than fewer layers alone',
    more: ['6L_½D'],
    less: ['6L'],
  },
  { claim: '… and more than a smaller width alone', more: ['6L_½D'], less: ['½D'] },
  { claim: 'Fewer heads cost more than fewer layers', more: ['⅔AH', '⅓AH'], less: ['9L', '6L'] },
];

/** All claims. */
export function lossClaims(here: LossMeasurements): readonly Claim[] {
  return [
    fewerExamples(here),
    ...comparisons.map(({ claim, more, less }) =>
      claimAbove(
        {
          claim,
          measure: `share of the teacher's score lost, difference; over the ${taskNames.length} tasks`,
          paper: meanOf(differences(inPaper, more, less)).toFixed(3),
          source: 'Table 1',
        },
        differences(here, more, less),
      ),
    ),
    speedClaim(here, 'Fewer heads are slower', ['⅔AH', '⅓AH'], -1),
    speedClaim(here, 'Half the layers are faster', ['6L'], 1),
    speedClaim(here, 'Half the width is faster', ['½D'], 1),
  ];
}

function fewerExamples(here: LossMeasurements): Claim {
  const { value, interval } = sizeCorrelation(here);
  return claimFrom(
    {
      claim: 'Tasks with fewer examples lose more',
      measure: `minus Spearman's correlation of examples and loss; Fisher's interval over the ${taskNames.length} tasks`,
      paper: (-sizeCorrelation(inPaper).value).toFixed(3),
      source: 'Tables 1 and 5',
    },
    0 - value,
    interval === null ? null : [-interval.high, -interval.low],
  );
}

function sizeCorrelation({ examples, scores }: LossMeasurements) {
  const { byTask } = degradationOf(scores);
  const known = taskNames.filter((task) => byTask[task] !== null);
  return spearmanCorrelation(
    known.map((task) => examples[task]),
    known.map((task) => byTask[task]!),
  );
}

/** By task, what one group of students loses on the mean less what another does. */
function differences(
  { scores }: LossMeasurements,
  more: readonly StudentName[],
  less: readonly StudentName[],
): readonly number[] {
  const { cells, tasks } = degradationOf(scores);
  const lossOf = (students: readonly StudentName[], column: number): number =>
    meanOf(students.map((student) => cells[studentNames.indexOf(student)]![column]!));
  // A task on which the teacher scores 0 has nothing to lose.
  return tasks.flatMap((task, column) =>
    scores.teacher[task] === 0 ? [] : [lossOf(more, column) - lossOf(less, column)],
  );
}

function speedClaim(here: LossMeasurements, claim: string, students: readonly StudentName[], sign: 1 | -1): Claim {
  const gains = ({ speeds }: LossMeasurements): readonly number[] =>
    speeds.teacher.map(
      (speed, round) => sign * (meanOf(students.map((student) => speeds[student][round]!)) / speed - 1),
    );
  const measure = `samples a second, ${sign < 0 ? 'loss' : 'gain'} as a share of the teacher's; over ${here.speeds.teacher.length} rounds`;
  return claimAbove({ claim, measure, paper: meanOf(gains(inPaper)).toFixed(3), source: 'Table 2' }, gains(here));
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
