import { expect, it } from 'vitest';
import { preparePlatform } from '../../examples/mnist/platform.ts';
import { inductiveBiasesAgreement } from '../../studies/agreement/agreement.ts';
import { drawSentences, nouns, sentenceOf } from '../../studies/data/agreementSentences.ts';
import { pageOf } from '../../studies/page.ts';

it('the study of agreement goes its whole way at toy size', async () => {
  await preparePlatform();
  const findings = await inductiveBiasesAgreement.run({ scale: 'toy', seed: 3, progress: () => {} });
  expect(findings.claims).toHaveLength(16);
  expect(findings.claims.every(({ number }) => Number.isFinite(number))).toBe(true);
  expect(findings.tables[0]!.rows.map(([name]) => name)).toContain('LSTM');
  const page = await pageOf(inductiveBiasesAgreement, findings, {
    scale: 'toy',
    seed: 3,
    platform: 'wasm',
    seconds: 1,
  });
  expect(page.match(/<svg/g)).toHaveLength(3);
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
