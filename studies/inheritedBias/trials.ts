/** What the trials of inherited bias give: accuracy by group, and the paper's claims about it. */
import type { GroupShiftResult } from 'dark-knowledge';
import { meanAndDeviation } from '../../examples/mnist/report.ts';
import { type Claim, claimAbove } from '../claims.ts';
import { groupCount, leanings, unseenGroup } from '../data/groupedDigits.ts';
import type { StudyTable } from '../study.ts';

export const groupTitles = leanings.map((degrees, group) => `group ${group + 1} (${degrees}°)`);

/** Accuracy over all test images and by group. */
export interface Accuracies {
  readonly all: number;
  readonly groups: readonly number[];
}

export interface Trial {
  readonly alone: Accuracies;
  readonly distilled: Accuracies;
  readonly shift: GroupShiftResult;
}

export function accuracyTable(teacher: Accuracies, trials: readonly Trial[]): StudyTable {
  const row = (title: string, of: (trial: Trial) => Accuracies) => [
    title,
    meanAndDeviation(trials.map((trial) => of(trial).all)),
    ...leanings.map((_, group) => meanAndDeviation(trials.map((trial) => of(trial).groups[group]!))),
    meanAndDeviation(trials.map((trial) => gapOf(of(trial)))),
  ];
  return {
    title: 'Accuracy by group (mean ± standard deviation over trials), and the gap between the best and the worst',
    header: ['', 'all', ...groupTitles, 'gap'],
    rows: [
      ['teacher', teacher.all, ...teacher.groups, gapOf(teacher)].map((cell) =>
        typeof cell === 'number' ? cell.toFixed(3) : cell,
      ),
      row('alone', ({ alone }) => alone),
      row('distilled', ({ distilled }) => distilled),
    ],
  };
}

function gapOf({ groups }: Accuracies): number {
  return Math.max(...groups) - Math.min(...groups);
}

export function claimsOf(trials: readonly Trial[]): readonly Claim[] {
  const gains = trials.map(({ alone, distilled }) =>
    distilled.groups.map((value, group) => value - alone.groups[group]!),
  );
  const ofOthers = (gain: readonly number[]): number =>
    gain.reduce((sum, value, group) => (group === unseenGroup ? sum : sum + value), 0) / (groupCount - 1);
  const claim = (words: string, measure: string, paper: string, differences: readonly number[]): Claim =>
    claimAbove({ claim: words, measure, paper, source: '§6.2' }, differences);
  return [
    claim(
      'The student gains on average',
      'accuracy, difference',
      'above',
      trials.map(({ alone, distilled }) => distilled.all - alone.all),
    ),
    claim(
      'The student loses fairness',
      'best group less worst, difference (groupShift)',
      'above',
      trials.map(({ shift }) => shift.gapChange),
    ),
    claim(
      'The group that the teacher never saw gains less than the others',
      'gain in accuracy, others less it',
      'above',
      gains.map((gain) => ofOthers(gain) - gain[unseenGroup]!),
    ),
  ];
}
