/** What happened, in three sentences with their intervals: who is right, who agrees, who is overconfident. */
import type { Comparison, Estimate } from '../compare/comparison.ts';
import { count, escaped, estimateText, excludesZero, listed, turned, type Unit } from './words.ts';

/** A question and its answer, in HTML. */
export interface Sentence {
  readonly question: string;
  readonly answer: string;
}

/** Students that a sentence names. */
const mostNamed = 4;

/** The three sentences. */
export function sentences(comparison: Comparison): readonly Sentence[] {
  return [
    { question: 'Who is right?', answer: whoIsRight(comparison) },
    { question: 'Who agrees with the teacher?', answer: whoAgrees(comparison) },
    { question: 'Who is overconfident?', answer: whoIsOverconfident(comparison) },
  ];
}

function told(estimate: Estimate, unit: Unit): string {
  const { value, interval } = estimateText(estimate, unit);
  return `<strong>${value}</strong>${unit === 'points' ? ' points' : ''} <span class="interval">${interval}</span>`;
}

function name(model: string): string {
  return model === 'teacher' ? 'the teacher' : `<b class="name">${escaped(model)}</b>`;
}

function whoIsRight({ rows, models, students, differences }: Comparison): string {
  const named = students.slice(0, mostNamed);
  const shares = named.map((student) => `${name(student)} on ${told(models[student]!.accuracy, 'percent')}`);
  const start = `The teacher is right on ${told(models.teacher!.accuracy, 'percent')} of ${count(rows)} rows, ${listed([...shares, ...further(students)])}`;
  const [only] = students;
  if (students.length > 1) {
    return `${start}: ${apart('accuracy', students, models, differences, (first, second, by) => `${first} is ahead of ${second} by ${by}`)}.`;
  }
  const change = models[only!]!.change?.accuracy;
  if (change === undefined) return `${start}.`;
  if (!excludesZero(change)) return `${start}: the rows do not tell them apart (${told(change, 'points')}).`;
  const verb = change.value < 0 ? 'loses' : 'gains';
  return `${start}: it ${verb} ${told(change.value < 0 ? turned(change) : change, 'points')}.`;
}

function whoAgrees({ models, students, differences }: Comparison): string {
  const named = students.slice(0, mostNamed);
  const shares = named.map((student, index) => {
    const share = told(models[student]!.agreement!, 'percent');
    return `${name(student)} on ${share}${index === 0 ? ' of the rows' : ''}`;
  });
  const start = `The teacher’s answer is given by ${listed([...shares, ...further(students)])}`;
  if (students.length < 2) return `${start}, right or wrong.`;
  return `${start}: ${apart('agreement', students, models, differences, (first, second, by) => `${first} follows it more often than ${second}, by ${by}`)}.`;
}

function whoIsOverconfident({ models, students }: Comparison): string {
  const scored = ['teacher', ...students.slice(0, mostNamed)].flatMap((model) => {
    const { overconfidence } = models[model]!;
    return overconfidence === undefined ? [] : [{ model, overconfidence }];
  });
  if (scored.length === 0) return 'Nobody knows: only predictions were given, without confidences.';
  const sure = scored.filter(({ overconfidence }) => excludesZero(overconfidence));
  const clauses = [
    ...([1, -1] as const).map((sign) => {
      const parts = sure
        .filter(({ overconfidence }) => Math.sign(overconfidence.value) === sign)
        .map(({ model, overconfidence }, index) => {
          const by = `by ${told(sign > 0 ? overconfidence : turned(overconfidence), 'points')}`;
          return `${name(model)} ${index === 0 ? `is ${sign > 0 ? 'over' : 'under'}confident ` : ''}${by}`;
        });
      return listed(parts);
    }),
    neither(scored.filter(({ overconfidence }) => !excludesZero(overconfidence))),
  ].filter((clause) => clause !== '');
  const rest = further(students);
  return `${capital([...clauses, ...rest].join('; '))}.`;
}

function neither(models: readonly { readonly model: string; readonly overconfidence: Estimate }[]): string {
  const parts = models.map(({ model, overconfidence }) => `${name(model)} (${told(overconfidence, 'points')})`);
  if (parts.length === 0) return '';
  return `${listed(parts)} ${parts.length === 1 ? 'is' : 'are'} neither over- nor underconfident for sure`;
}

/** The student with the highest number and the one with the lowest, and whether the rows tell them apart. */
function apart(
  field: 'accuracy' | 'agreement',
  students: readonly string[],
  models: Comparison['models'],
  differences: Comparison['differences'],
  say: (first: string, second: string, by: string) => string,
): string {
  const known = students.filter((student) => models[student]![field] !== undefined);
  const sorted = [...known].sort((one, other) => models[other]![field]!.value - models[one]![field]!.value);
  const [best, worst] = [sorted[0]!, sorted.at(-1)!];
  const difference = differenceOf(best, worst, field, differences);
  if (difference === undefined) return 'the students do not compare';
  if (excludesZero(difference)) return say(name(best), name(worst), told(difference, 'points'));
  return `the rows do not tell ${name(best)} and ${name(worst)} apart (${told(difference, 'points')})`;
}

function differenceOf(
  first: string,
  second: string,
  field: 'accuracy' | 'agreement',
  differences: Comparison['differences'],
): Estimate | undefined {
  for (const { first: one, second: other, ...numbers } of Object.values(differences)) {
    const found = numbers[field];
    if (found === undefined) continue;
    if (one === first && other === second) return found;
    if (one === second && other === first) return turned(found);
  }
  return undefined;
}

function further(students: readonly string[]): string[] {
  return students.length > mostNamed ? [`${students.length - mostNamed} more in the table`] : [];
}

function capital(text: string): string {
  return text.replace(/^(<b class="name">)?./, (start) => (start.length > 1 ? start : start.toUpperCase()));
}
