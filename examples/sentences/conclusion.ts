/** The end of the report: what this run shows, and what it does not, in words that follow the numbers. */
import type { Figures, Gap, Gaps } from './analysis.ts';

/** What the conclusion is drawn from. */
export interface Findings {
  /** The teacher first. */
  readonly figures: readonly Figures[];
  /** The distilled student that is compared, less the one without a teacher. */
  readonly gaps: Gaps;
  /** The student by all losses less the one by cosine alone, where both were trained. */
  readonly more?: Gaps | undefined;
  readonly distilled: string;
  readonly chanceOfNeighbors: number;
  /** How often as fast as the teacher the student was, side by side on one machine. */
  readonly timesAsFast: number;
  readonly trainSentences: number;
  readonly testSentences: number;
}

const number = (value: number): string => value.toFixed(3).replace('-', '−');
const signed = (value: number): string => (value < 0 ? number(value) : `+${number(value)}`);

/** `+0.031 [0.012, 0.049]`. */
export const inBrackets = ({ value, lower, upper }: Gap): string =>
  `${signed(value)} [${number(lower)}, ${number(upper)}]`;

/** `more` or `less` where the interval leaves 0 out. */
export function verdict({ lower, upper }: Gap): 'more' | 'less' | 'alike' {
  if (lower > 0) return 'more';
  return upper < 0 ? 'less' : 'alike';
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

export function conclude(findings: Findings): string {
  const { figures, gaps, more, distilled, chanceOfNeighbors, timesAsFast, trainSentences, testSentences } = findings;
  const of = (model: string): Figures => figures.find((row) => row.model === model)!;
  const [teacher, student, alone] = [of('teacher'), of(distilled), of('independent')];
  const against = (field: Exclude<keyof Figures, 'model'>): string =>
    `${number(student[field])} against ${number(alone[field])}`;
  return [
    'What this shows',
    `A student of n-grams and one linear layer, ${timesAsFast.toFixed(0)} times as fast as its teacher, after ${trainSentences} sentences (${distilled}),`,
    'against the same student trained on rooms alone; 95 % intervals of the difference in brackets:',
    `- Its space is ${like(gaps.cka)}: CKA ${against('cka')}, ${inBrackets(gaps.cka)}.`,
    `- Of a sentence's ten nearest neighbours it keeps ${percent(student.neighbors)}, the other ${percent(alone.neighbors)}; chance keeps` +
      ` ${percent(chanceOfNeighbors)}. ${inBrackets(gaps.neighbors)}.`,
    `- ${rightness(gaps.probeAccuracy)}: a linear probe is right on ${against('probeAccuracy')}, ${inBrackets(gaps.probeAccuracy)},` +
      ` on the teacher's embeddings on ${number(teacher.probeAccuracy)}.`,
    `- ${trust(gaps.probeCalibrationError)}: calibration error ${against('probeCalibrationError')},` +
      ` ${inBrackets(gaps.probeCalibrationError)}.`,
    ...(more === undefined ? [] : [`- ${added(more)}.`]),
    'What it does not show',
    `- ${trainSentences} sentences of one repository are few, and all of one kind: on other text this student knows little.`,
    `- ${testSentences} test sentences and one run of each student: the intervals are of the sentences, not of seeds or weights of the losses.`,
    '- Sentences of one file may be in both parts, and share its words. That helps both students alike.',
    '- Rooms are what the student without a teacher learnt from; the others saw none before their probe did.',
    '- The speeds are of one core of one machine: an accelerator would serve the teacher more than the student.',
  ].join('\n');
}

const like = (gap: Gap): string =>
  ({
    more: "more like the teacher's",
    less: "less like the teacher's",
    alike: "no more like the teacher's, as far as can be told",
  })[verdict(gap)];

const rightness = (gap: Gap): string =>
  ({
    more: 'It says more of where a sentence stands, though it was never told',
    less: 'It says less of where a sentence stands, for which the other was trained',
    alike: 'It says as much of where a sentence stands, as far as can be told, though it was never told',
  })[verdict(gap)];

const trust = (gap: Gap): string =>
  ({
    more: 'The probe on it knows less well when it is wrong',
    less: 'The probe on it knows better when it is wrong',
    alike: 'The two probes know equally well when they are wrong, as far as can be told',
  })[verdict(gap)];

/** What the two losses on relations add to the cosine. */
function added({ cka, neighbors }: Gaps): string {
  const numbers = `CKA ${inBrackets(cka)}, neighbours ${inBrackets(neighbors)}`;
  const verdicts = [verdict(cka), verdict(neighbors)];
  if (verdicts.every((each) => each === 'alike'))
    return `Similarities and CRD beside the cosine change nothing that can be told: ${numbers}`;
  if (!verdicts.includes('less')) return `Similarities and CRD beside the cosine bring the student nearer: ${numbers}`;
  const why = 'their weights were set by hand, and others may not';
  return verdicts.includes('more')
    ? `Similarities and CRD beside the cosine help one and cost the other: ${numbers}`
    : `Similarities and CRD beside the cosine cost likeness here: ${numbers}; ${why}`;
}
