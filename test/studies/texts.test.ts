/** Texts and sentences: their labels against a reader of the words. */
import { expect, it } from 'vitest';
import { drawSentences, mislabelled, nouns, sentenceOf } from '../../studies/data/agreementSentences.ts';
import { drawExamples, type TaskName, taskNames, textOf, textTasks } from '../../studies/data/textTasks.ts';
import { mappedLayers, studentForms } from '../../studies/whatIsLost/layerwise.ts';

const places = ['Rome', 'Oslo', 'Cairo', 'Lima'];
const praise = ['fine', 'warm', 'bright', 'fresh'];
const blame = ['dull', 'cold', 'bitter', 'stale'];

/** How many words of a text praise and blame, “not” turning the next one round. */
function votesIn(text: string): readonly [praising: number, blaming: number] {
  const words = text.split(' ');
  const votes = words.flatMap((word, at) => {
    if (!praise.includes(word) && !blame.includes(word)) return [];
    return [praise.includes(word) !== (words[at - 1] === 'not')];
  });
  return [votes.filter((vote) => vote).length, votes.filter((vote) => !vote).length];
}

/** What a reader answers. */
const readers: Readonly<Record<TaskName, (text: string) => number>> = {
  RTE: (text) => (readers.MNLI(text) === 0 ? 1 : 0),
  MNLI(text) {
    const [first, second] = text.split(' </s> ') as [string, string];
    const isPlace = (part: string): boolean => places.includes(part.split(' ')[0]!);
    if (isPlace(first) !== isPlace(second)) return 2;
    return votesIn(first)[0] === votesIn(second)[0] ? 0 : 1;
  },
  STSB(text) {
    const [first, second] = text.split(' </s> ').map((part) => votesIn(part)[0]) as [number, number];
    return 3 - Math.abs(first - second);
  },
  CoLA(text) {
    const words = text.split(' ');
    return words[0]!.endsWith('s') === words.at(-1)!.endsWith('s') ? 0 : 1;
  },
  SST2(text) {
    const [praising, blaming] = votesIn(text);
    return praising > blaming ? 1 : 0;
  },
  QNLI(text) {
    const [asked, ...words] = text.split(/ (?:<\/s> )?/) as [string, ...string[]];
    return words.some((word) => places.includes(word) === (asked === 'where')) ? 1 : 0;
  },
};

it.each(taskNames)('the labels of %s are what its texts say', (task) => {
  const examples = drawExamples(task, 200, 1);
  for (let row = 0; row < examples.count; row++) {
    expect(readers[task](textOf(examples, row)), textOf(examples, row)).toBe(examples.labels[row]);
  }
  expect(new Set(examples.labels).size).toBe(textTasks[task].classes);
});

it('students learn from the layers of the paper', () => {
  const teacher = { vocabulary: 9, length: 4, layers: 12, heads: 6, width: 36, inner: 72 };
  const forms = studentForms(teacher);
  const teachersOf = (name: keyof typeof forms) => mappedLayers(teacher, forms[name]).map((pair) => pair.teacher);
  expect(teachersOf('3L')).toEqual([1, 5, 12]);
  expect(teachersOf('6L_½D')).toEqual([1, 3, 6, 8, 10, 12]);
  expect(teachersOf('⅓AH')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(forms['⅓AH']).toEqual({ ...teacher, heads: 2 });
});

it('sentences know their attractors, and the words to the verb', () => {
  const sentences = drawSentences(300, 1);
  for (let row = 0; row < sentences.count; row++) {
    const words = sentenceOf(sentences, row).split(' ');
    const isNoun = (word: string): boolean => nouns.includes(word.replace(/s$/, ''));
    const between = words.slice(words.length - sentences.distances[row]! + 1).filter(isNoun);
    const subject = words[words.length - sentences.distances[row]!]!;
    expect(isNoun(subject)).toBe(true);
    expect(subject.endsWith('s')).toBe(sentences.labels[row] === 1);
    const attractors = between.filter((word) => word.endsWith('s') !== subject.endsWith('s'));
    expect(attractors).toHaveLength(sentences.attractors[row]!);
  }
});

it('mislabelled sentences are so many of the same sentences', () => {
  const sentences = drawSentences(2000, 1);
  const noisy = mislabelled(sentences, 0.1, 2);
  const wrong = noisy.labels.filter((label, row) => label !== sentences.labels[row]).length;
  // Five standard errors of a share of 2000.
  expect(Math.abs(wrong / 2000 - 0.1)).toBeLessThan(5 * Math.sqrt((0.1 * 0.9) / 2000));
  expect(noisy.tokens).toBe(sentences.tokens);
});
