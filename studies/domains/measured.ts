/** What the study of domains measures, and the paper's numbers and claims beside it. */
import type { PredictionMatch } from 'dark-knowledge';
import { meanAndDeviation } from '../../examples/mnist/report.ts';
import { type Claim, claimAbove, signed } from '../claims.ts';
import type { DomainName } from '../data/digitDomains.ts';
import type { StudyTable } from '../study.ts';

export type MethodName = 'independent' | 'kl' | 'hint' | 'crd';

export const domainNames: readonly DomainName[] = ['orig', 'color', 'm'];
export const methodNames: readonly MethodName[] = ['independent', 'kl', 'hint', 'crd'];
export const methodTitles: Readonly<Record<MethodName, string>> = {
  independent: 'alone',
  kl: 'KL',
  hint: 'Hint',
  crd: 'CRD',
};
export const domainTitles: Readonly<Record<DomainName, string>> = { orig: 'MNIST', color: 'Color', m: 'M' };

/** Table 9: top-1 accuracy. */
const paper: Readonly<Record<MethodName, Readonly<Record<DomainName, number>>>> = {
  independent: { orig: 0.9908, color: 0.7286, m: 0.5609 },
  kl: { orig: 0.989, color: 0.9176, m: 0.6792 },
  hint: { orig: 0.991, color: 0.9705, m: 0.6406 },
  crd: { orig: 0.99, color: 0.8398, m: 0.6036 },
};

/** One student's measurements in one domain. */
export interface Measured {
  readonly method: MethodName;
  readonly trial: number;
  readonly domain: DomainName;
  readonly accuracy: number;
  readonly agreement: PredictionMatch;
}

function accuraciesOf(measured: readonly Measured[], method: MethodName, domain: DomainName): readonly number[] {
  return measured.filter((row) => row.method === method && row.domain === domain).map((row) => row.accuracy);
}

export function accuracyTable(measured: readonly Measured[], teacher: readonly number[]): StudyTable {
  return {
    title: 'Accuracy (mean ± standard deviation over trials), and the paper’s',
    header: ['', ...domainNames.flatMap((domain) => [domainTitles[domain], 'paper'])],
    rows: [
      ['teacher', ...teacher.flatMap((value) => [value.toFixed(3), ''])],
      ...methodNames.map((method) => [
        methodTitles[method],
        ...domainNames.flatMap((domain) => [
          meanAndDeviation(accuraciesOf(measured, method, domain)),
          paper[method][domain].toFixed(3),
        ]),
      ]),
    ],
  };
}

export function agreementsIn(
  measured: readonly Measured[],
  domain: DomainName,
): Readonly<Record<string, PredictionMatch>> {
  const first = measured.filter((row) => row.domain === domain && row.trial === 0);
  return Object.fromEntries(first.map((row) => [methodTitles[row.method], row.agreement]));
}

/** Each method above alone on both unseen domains, and the methods in the paper's order. */
export function claimsOf(measured: readonly Measured[]): readonly Claim[] {
  const above = (better: MethodName, worse: MethodName, domain: DomainName): Claim => {
    const second = accuraciesOf(measured, worse, domain);
    return claimAbove(
      {
        claim: `${methodTitles[better]} above ${methodTitles[worse]} on ${domainTitles[domain]}`,
        measure: 'accuracy, difference',
        paper: signed(paper[better][domain] - paper[worse][domain]),
        source: 'Table 9',
      },
      accuraciesOf(measured, better, domain).map((value, trial) => value - second[trial]!),
    );
  };
  const unseen = ['color', 'm'] as const;
  const alone = unseen.flatMap((domain) =>
    (['kl', 'hint', 'crd'] as const).map((method) => above(method, 'independent', domain)),
  );
  const order: readonly (readonly [MethodName, MethodName, DomainName])[] = [
    ['hint', 'kl', 'color'],
    ['kl', 'crd', 'color'],
    ['kl', 'hint', 'm'],
    ['hint', 'crd', 'm'],
  ];
  return [...alone, ...order.map((pair) => above(...pair))];
}
