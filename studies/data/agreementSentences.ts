/**
 * Beginnings of English sentences up to the verb, from a seeded grammar: is the subject singular or plural? Between subject and
 * verb stand prepositional phrases and relative clauses, whose nouns may have the other number: attractors.
 */
import { deriveSeed, randomBelow, randomUniform } from 'dark-knowledge';

export interface AgreementSentences {
  readonly count: number;
  readonly length: number;
  /** [count, length]: a start token, the words, and padding with 0. */
  readonly tokens: Int32Array;
  /** The start token and the words. */
  readonly lengths: Int32Array;
  /** 1 for a plural subject. */
  readonly labels: Int32Array;
  /** Nouns between subject and verb of the other number. */
  readonly attractors: Int32Array;
  /** Words from the subject to the verb. */
  readonly distances: Int32Array;
}

/** From the most frequent to the rarest, as words are: the n-th is drawn 1/n as often as the first. */
export const nouns: readonly string[] =
  'friend boy girl teacher doctor key author book king sister dog horse farmer pilot student tree car garden river lawyer artist driver singer brother cabinet window letter painter sailor planet lamp tailor candle hunter barrel spider pebble weaver lantern miner'.split(
    ' ',
  );
const verbs: readonly string[] = 'see like find know help follow love need'.split(' ');
const adjectives: readonly string[] = 'old young small tall quiet proud'.split(' ');
const prepositions: readonly string[] = 'of near behind with by'.split(' ');
const adverbs: readonly string[] = 'often never still'.split(' ');
const start = '<s>';

/** Singular and plural of a noun, and of a verb. */
const nounForms = (noun: string): readonly [string, string] => [noun, `${noun}s`];
const verbForms = (verb: string): readonly [string, string] => [`${verb}s`, verb];

/** Token 0 is the padding. */
export const agreementVocabulary: readonly string[] = [
  '',
  start,
  'the',
  'that',
  ...nouns.flatMap(nounForms),
  ...verbs.flatMap(verbForms),
  ...adjectives,
  ...prepositions,
  ...adverbs,
];
const tokenOf: ReadonlyMap<string, number> = new Map(agreementVocabulary.map((word, token) => [word, token]));

/** Longest sentences, with their start. */
export const sentenceLength = 14;
export const mostAttractors = 3;

/** How many phrases and clauses follow the subject: shares of 0, 1, 2 and 3. */
const modifierShares: readonly number[] = [0.45, 0.3, 0.15, 0.1];
/** As in English, a noun between mostly has the subject's number. */
const attractorShare = 0.25;
/** Nouns by frequency: shares. */
const nounShares: readonly number[] = sharesOf(nouns.map((_, at) => 1 / (at + 1)));

interface Sentence {
  readonly words: readonly string[];
  readonly label: number;
  readonly attractors: number;
  readonly distance: number;
}

/** Sentences; with `attractors` only such as have so many. */
export function drawSentences(count: number, seed: number, attractors?: number): AgreementSentences {
  const drawn: Sentence[] = [];
  for (let index = 0; drawn.length < count; index++) {
    const sentence = drawSentence(deriveSeed(seed, index));
    const fits = sentence.words.length <= sentenceLength;
    if (fits && (attractors === undefined || sentence.attractors === attractors)) drawn.push(sentence);
  }
  const tokens = new Int32Array(count * sentenceLength);
  drawn.forEach(({ words }, row) => {
    tokens.set(
      words.map((word) => tokenOf.get(word)!),
      row * sentenceLength,
    );
  });
  const column = (of: (sentence: Sentence) => number): Int32Array => Int32Array.from(drawn, of);
  return {
    count,
    length: sentenceLength,
    tokens,
    lengths: column(({ words }) => words.length),
    labels: column(({ label }) => label),
    attractors: column((sentence) => sentence.attractors),
    distances: column(({ distance }) => distance),
  };
}

function drawSentence(seed: number): Sentence {
  let draws = 0;
  const below = (bound: number): number => randomBelow(seed, draws++, bound);
  const uniform = (): number => randomUniform(seed, draws++);
  const chance = (share: number): boolean => uniform() < share;
  const any = <Item>(items: readonly Item[]): Item => items[below(items.length)]!;
  const noun = (number: number): string => nounForms(nouns[pick(nounShares, uniform())]!)[number]!;
  const phrase = (number: number): readonly string[] => [
    'the',
    ...(chance(0.2) ? [any(adjectives)] : []),
    noun(number),
  ];

  const label = below(2);
  const before = chance(0.25) ? [any(prepositions), ...phrase(below(2))] : [];
  const subject = phrase(label);
  let attractors = 0;
  const between = (): { readonly number: number; readonly words: readonly string[] } => {
    const isAttractor = chance(attractorShare);
    if (isAttractor) attractors++;
    const number = isAttractor ? 1 - label : label;
    return { number, words: phrase(number) };
  };
  const prepositional = (): readonly string[] => [any(prepositions), ...between().words];
  const modifier = (isFirst: boolean): readonly string[] => {
    if (chance(0.5)) return prepositional();
    const { number, words } = between();
    const verb = (agrees: number): string => verbForms(any(verbs))[agrees]!;
    // Right after the subject a clause may be on it, and its verb agrees with it.
    if (isFirst && chance(0.4)) return ['that', verb(label), ...words];
    // Else its verb agrees with the noun within; that it begins need not be said, and it may hold a phrase itself.
    return [...(chance(0.5) ? ['that'] : []), ...words, ...(chance(0.2) ? prepositional() : []), verb(number)];
  };
  const modifiers = Array.from({ length: pick(modifierShares, uniform()) }, (_, at) => modifier(at === 0)).flat();
  const adverb = chance(0.25) ? [any(adverbs)] : [];
  return {
    words: [start, ...before, ...subject, ...modifiers, ...adverb],
    label,
    attractors,
    distance: modifiers.length + adverb.length + 1,
  };
}

/** The same sentences with a share of the labels turned round, as where a parser took another noun for the subject. */
export function mislabelled(sentences: AgreementSentences, share: number, seed: number): AgreementSentences {
  return {
    ...sentences,
    labels: sentences.labels.map((label, row) => (randomUniform(seed, row) < share ? 1 - label : label)),
  };
}

/** The place in a list of shares that a uniform number falls into. */
function pick(shares: readonly number[], uniform: number): number {
  let upTo = 0;
  const found = shares.findIndex((share) => {
    upTo += share;
    return uniform < upTo;
  });
  return found < 0 ? shares.length - 1 : found;
}

function sharesOf(weights: readonly number[]): readonly number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** The words of a sentence. */
export function sentenceOf({ tokens, length, lengths }: AgreementSentences, row: number): string {
  const words = tokens.subarray(row * length + 1, row * length + lengths[row]!);
  return Array.from(words, (token) => agreementVocabulary[token]!).join(' ');
}
