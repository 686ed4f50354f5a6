/** The paper's claims, each about differences between students that started alike. */
import { type Claim, type ClaimWords, claimAbove } from '../claims.ts';
import { unseenNames } from '../data/unseenDomains.ts';
import { numbersOf, type StudentName, type StudentRow, type Taught, taught } from './rows.ts';

export const methodTitles: Readonly<Record<Taught, string>> = { kl: 'KL', hint: 'Hint', crd: 'CRD' };

/** What the paper reports, as differences: tables 2, 3, 7 and 8 of its appendix, and its words where it has figures alone. */
const paper = {
  colour: { kl: '+0.108', hint: '+0.010', crd: '+0.082' },
  colourByTeacher: { kl: '+0.081', crd: '+0.082' },
  unseen: { kl: '+0.057', hint: '+0.025', crd: '+0.020' },
  shape: { kl: '+0.29', hint: '+0.03', crd: '+0.04' },
} as const;

/** All of them, in the paper's order. */
export function claimsOf(rows: readonly StudentRow[]): readonly Claim[] {
  return [
    ...localization(rows),
    ...vulnerability(rows),
    ...invariances(rows),
    ...softLabels(rows),
    ...unseenDomains(rows),
    ...representations(rows),
    ...shape(rows),
  ];
}

type Value = (row: StudentRow) => number | null;

/** That a number is larger for one student than for another, trial by trial. */
function above(
  rows: readonly StudentRow[],
  better: StudentName,
  worse: StudentName,
  value: Value,
  words: ClaimWords,
): Claim {
  const second = numbersOf(rows, worse, value);
  return claimAbove(
    words,
    numbersOf(rows, better, value).map((number, trial) => number - second[trial]!),
  );
}

function localization(rows: readonly StudentRow[]): readonly Claim[] {
  return taught.map((method) =>
    claimAbove(
      {
        claim: `${methodTitles[method]}: looks where its teacher looks`,
        measure: 'share of images on which the teacher’s Grad-CAM is nearer to the distilled student’s, less a half',
        paper: method === 'hint' ? 'above, less so' : 'above',
        source: '§4.1, figure 2',
      },
      numbersOf(rows, `plain ${method}`, ({ looksAlike: { value } }) => (value === null ? null : value - 0.5)),
    ),
  );
}

function vulnerability(rows: readonly StudentRow[]): readonly Claim[] {
  const gain = (method: Taught, value: Value, words: ClaimWords): Claim =>
    above(rows, `plain ${method}`, 'alone', value, words);
  const byTeachers: Value = ({ fooledByTeachers }) => fooledByTeachers.value;
  return [
    ...taught.map((method) =>
      gain(method, byTeachers, {
        claim: `${methodTitles[method]}: what fools the teacher fools it more than alone`,
        measure: 'fooling rate, difference',
        paper: '+0.04 to +0.08',
        source: '§4.2, figure 3 (a)',
      }),
    ),
    ...taught.map((method) =>
      gain(method, (row) => minus(row.fooledByTeachers.value, row.fooledByForeign.value), {
        claim: `${methodTitles[method]}: what fools the teacher gains more on it than what fools a foreign network`,
        measure: 'fooling rate, difference of differences',
        paper: 'above',
        source: '§4.2, figure 3 (c)',
      }),
    ),
  ];
}

function invariances(rows: readonly StudentRow[]): readonly Claim[] {
  const colour: Value = ({ colourInvariance }) => colourInvariance.value;
  const shift: Value = ({ shiftInvariance }) => shiftInvariance.value;
  const clear = ['kl', 'crd'] as const;
  return [
    ...taught.map((method) =>
      above(rows, `jittered ${method}`, 'alone', colour, {
        claim: `${methodTitles[method]}: more invariant to colour than alone`,
        measure: 'same class for both colours, difference',
        paper: paper.colour[method],
        source: '§4.3, table 3',
      }),
    ),
    ...clear.map((method) =>
      above(rows, `jittered ${method}`, `plain ${method}`, colour, {
        claim: `${methodTitles[method]}: more invariant to colour from an invariant teacher than from one that is not`,
        measure: 'same class for both colours, difference',
        paper: paper.colourByTeacher[method],
        source: '§4.3, figure 4 (a)',
      }),
    ),
    ...clear.map((method) =>
      above(rows, `shifted ${method}`, 'alone', shift, {
        claim: `${methodTitles[method]}: more invariant to shifts than alone`,
        measure: 'same class for two shifts, difference',
        paper: 'above',
        source: 'C.5',
      }),
    ),
    ...clear.map((method) =>
      above(rows, `shifted ${method}`, `plain ${method}`, shift, {
        claim: `${methodTitles[method]}: more invariant to shifts from an invariant teacher than from one that is not`,
        measure: 'same class for two shifts, difference',
        paper: 'not compared',
        source: 'as in §4.3',
      }),
    ),
    above(rows, 'shifted kl', 'shifted hint', shift, {
      claim: 'Hint has difficulty with shifts: KL above it',
      measure: 'same class for two shifts, difference',
      paper: 'above',
      source: 'C.5',
    }),
  ];
}

function softLabels(rows: readonly StudentRow[]): readonly Claim[] {
  const colour: Value = ({ colourInvariance }) => colourInvariance.value;
  const words = { measure: 'same class for both colours, difference', source: 'C.2' };
  return [
    above(rows, 'jittered kl', 'pseudo', colour, {
      ...words,
      claim: 'A teacher’s soft labels give more invariance to colour than made-up ones',
      paper: 'above',
    }),
    above(rows, 'pseudo', 'alone', colour, {
      ...words,
      claim: 'Made-up soft labels give a little invariance to colour',
      paper: 'slightly above',
    }),
  ];
}

function unseenDomains(rows: readonly StudentRow[]): readonly Claim[] {
  const unseen: Value = ({ consensusUnseen }) =>
    unseenNames.reduce((sum, name) => sum + consensusUnseen[name], 0) / unseenNames.length;
  return [
    ...taught.map((method) =>
      above(rows, `plain ${method}`, 'alone', unseen, {
        claim: `${methodTitles[method]}: agrees with its teacher on unseen domains more than alone`,
        measure: 'consensus, mean of five domains, difference',
        paper: paper.unseen[method],
        source: '§4.4, table 7',
      }),
    ),
    above(rows, 'plain kl', 'alone', (row) => minus(unseen(row), row.consensus.value), {
      claim: 'KL: agreement grows more on unseen domains than on the seen one',
      measure: 'consensus, difference of differences',
      paper: '+0.051',
      source: '§4.4, table 7',
    }),
  ];
}

function representations(rows: readonly StudentRow[]): readonly Claim[] {
  const similarity: Value = ({ layerSimilarity }) =>
    layerSimilarity.reduce((sum, value) => sum + value, 0) / layerSimilarity.length;
  const words = { measure: 'debiased CKA of like layers, mean, difference', source: '§5, figure 8', paper: 'above' };
  return [
    above(rows, 'plain kl', 'alone', similarity, { ...words, claim: 'KL: layers nearer to its teacher’s than alone' }),
    above(rows, 'plain hint', 'alone', similarity, {
      ...words,
      claim: 'Hint: layers nearer to its teacher’s than alone',
    }),
    above(rows, 'plain kl', 'plain hint', similarity, {
      ...words,
      claim: 'KL: layers nearer to its teacher’s than Hint’s',
    }),
  ];
}

function shape(rows: readonly StudentRow[]): readonly Claim[] {
  const bias: Value = ({ shapeBias }) => shapeBias.value;
  const words = { measure: 'shape bias, difference', source: 'C.3, table 8' };
  return [
    ...taught.map((method) =>
      above(rows, `restyled ${method}`, 'alone', bias, {
        ...words,
        claim: `${methodTitles[method]}: goes by shape more than alone`,
        paper: paper.shape[method],
      }),
    ),
    above(rows, 'restyled kl', 'restyled kl lower', bias, {
      ...words,
      claim: 'KL: goes by shape more with a higher weight',
      paper: '+0.24',
    }),
  ];
}

function minus(first: number | null, second: number | null): number | null {
  return first === null || second === null ? null : first - second;
}
