/**
 * Six tasks on short texts, each in the place of one of GLUE's: made by seeded generators over one small vocabulary. What kind
 * of question a task asks and the order of the tasks by size are those of GLUE; the words mean nothing beyond their kind.
 */
import { deriveSeed, randomBelow, randomPermutation } from 'dark-knowledge';

export type TaskName = 'CoLA' | 'RTE' | 'STSB' | 'SST2' | 'QNLI' | 'MNLI';
/** From the fewest training examples in GLUE to the most. */
export const taskNames: readonly TaskName[] = ['RTE', 'STSB', 'CoLA', 'SST2', 'QNLI', 'MNLI'];

/** Examples of one task: token sequences of one length, padded with 0 at their end. */
export interface TextExamples {
  readonly count: number;
  readonly length: number;
  /** [count, length] */
  readonly tokens: Int32Array;
  /** Classes; of STSB a similarity from 0 to 3. */
  readonly labels: Int32Array;
}

export interface TextTask {
  readonly classes: number;
  /** What the task asks. */
  readonly question: string;
  /** Draws an example: its words, and its class. */
  readonly draw: (random: Random) => { readonly words: readonly string[]; readonly label: number };
  readonly longest: number;
}

/** A whole number below the bound, the next of a sequence. */
type Random = (bound: number) => number;

const kinds = {
  who: ['Ada', 'Max', 'Eva', 'Tom'],
  where: ['Rome', 'Oslo', 'Cairo', 'Lima'],
} as const;
type Kind = keyof typeof kinds;
const kindNames = Object.keys(kinds) as Kind[];

const good: readonly string[] = ['fine', 'warm', 'bright', 'fresh'];
const bad: readonly string[] = ['dull', 'cold', 'bitter', 'stale'];
const singular = { nouns: ['dog', 'girl', 'bird', 'boy'], verbs: ['runs', 'sings', 'sleeps', 'waits'] } as const;
const plural = { nouns: ['dogs', 'girls', 'birds', 'boys'], verbs: ['run', 'sing', 'sleep', 'wait'] } as const;
const start = '<s>';
const separator = '</s>';

/** Token 0 is the padding. */
export const vocabulary: readonly string[] = [
  '',
  start,
  separator,
  'not',
  'near',
  ...kindNames,
  ...Object.values(kinds).flat(),
  ...good,
  ...bad,
  ...singular.nouns,
  ...singular.verbs,
  ...plural.nouns,
  ...plural.verbs,
];
const tokenOf: ReadonlyMap<string, number> = new Map(vocabulary.map((word, token) => [word, token]));

export const textTasks: Readonly<Record<TaskName, TextTask>> = {
  RTE: {
    classes: 2,
    question: 'does the second text follow from the first?',
    longest: 8,
    draw(random) {
      const label = random(2);
      return { words: statements(label === 1 ? 0 : 1 + random(2), random), label };
    },
  },
  STSB: {
    classes: 4,
    question: 'how near are the two texts in their number of praising words, from 0 to 3?',
    longest: 8,
    draw(random) {
      const label = random(4);
      const distance = 3 - label;
      const first = random(label + 1);
      const amounts = shuffled([first, first + distance], random);
      const texts = amounts.map((praise) => adjectives(votesOf(praise, 3, random), random));
      return { words: [start, ...texts[0]!, separator, ...texts[1]!], label };
    },
  },
  CoLA: {
    classes: 2,
    question: 'does the verb agree with the first noun, not with the second? (in seven of ten texts it does)',
    longest: 6,
    draw(random) {
      const label = random(10) < 7 ? 1 : 0;
      const [own, other] = random(2) === 0 ? [singular, plural] : [plural, singular];
      const between = random(2) === 0 ? [] : ['near', any(any([singular, plural], random).nouns, random)];
      const verb = any((label === 1 ? own : other).verbs, random);
      return { words: [start, any(own.nouns, random), ...between, verb], label };
    },
  },
  SST2: {
    classes: 2,
    question: 'is more of it praise than blame? (“not” turns the next word round)',
    longest: 8,
    draw(random) {
      const label = random(2);
      const votes = votesOf(label === 1 ? 2 + random(2) : random(2), 3, random);
      return {
        words: [start, anyOf(any(kindNames, random), random), ...votes.flatMap((vote) => said(vote, random))],
        label,
      };
    },
  },
  QNLI: {
    classes: 2,
    question: 'does the text name somebody (who) or some place (where), as is asked?',
    longest: 6,
    draw(random) {
      const label = random(2);
      const [asked, other] = shuffled(kindNames, random);
      const present = votesOf(label === 1 ? 1 + random(3) : 0, 3, random).map((is) => (is === 1 ? asked! : other!));
      return { words: [start, asked!, separator, ...present.map((kind) => anyOf(kind, random))], label };
    },
  },
  MNLI: {
    classes: 3,
    question: 'does the second text follow from the first, contradict it, or neither?',
    longest: 8,
    draw(random) {
      const label = random(3);
      return { words: statements(label, random), label };
    },
  },
};

/** Two statements: the second follows (0), contradicts (1), or is on the other kind of thing (2). */
function statements(relation: number, random: Random): readonly string[] {
  const [first, other] = shuffled(kindNames, random);
  const praise = random(2);
  const second = relation === 2 ? random(2) : relation === 0 ? praise : 1 - praise;
  return [
    start,
    anyOf(first!, random),
    ...said(praise, random),
    separator,
    anyOf(relation === 2 ? other! : first!, random),
    ...said(second, random),
  ];
}

/** One word of praise (1) or blame (0); one in four is said by “not” and its opposite. */
function said(praise: number, random: Random): readonly string[] {
  if (random(4) > 0) return adjectives([praise], random);
  return ['not', ...adjectives([1 - praise], random)];
}

function adjectives(votes: readonly number[], random: Random): readonly string[] {
  return votes.map((vote) => any(vote === 1 ? good : bad, random));
}

/** So many ones among zeros, in any order. */
function votesOf(ones: number, count: number, random: Random): readonly number[] {
  return shuffled(
    Array.from({ length: count }, (_, at) => (at < ones ? 1 : 0)),
    random,
  );
}

function anyOf(kind: Kind, random: Random): string {
  return any(kinds[kind], random);
}

/** Examples of a task; the same seed draws the same. */
export function drawExamples(name: TaskName, count: number, seed: number): TextExamples {
  const { draw, longest: length } = textTasks[name];
  const tokens = new Int32Array(count * length);
  const labels = new Int32Array(count);
  for (let index = 0; index < count; index++) {
    const { words, label } = draw(randomFrom(deriveSeed(seed, index)));
    tokens.set(
      words.map((word) => tokenOf.get(word)!),
      index * length,
    );
    labels[index] = label;
  }
  return { count, length, tokens, labels };
}

/** The words of an example, without the start and the padding. */
export function textOf({ tokens, length }: TextExamples, index: number): string {
  const words = Array.from(tokens.subarray(index * length + 1, (index + 1) * length), (token) => vocabulary[token]!);
  return words.filter((word) => word !== '').join(' ');
}

function randomFrom(seed: number): Random {
  let drawn = 0;
  return (bound) => randomBelow(seed, drawn++, bound);
}

function any<Item>(items: readonly Item[], random: Random): Item {
  return items[random(items.length)]!;
}

function shuffled<Item>(items: readonly Item[], random: Random): readonly Item[] {
  return Array.from(randomPermutation(random(2 ** 31), items.length), (index) => items[index]!);
}
