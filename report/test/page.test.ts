import { reliabilityDiagram } from 'dark-knowledge/figures';
import { type CompareInputs, type Comparison, compareModels, reportHtml } from 'dark-knowledge-report';
import { beforeAll, describe, expect, it } from 'vitest';
import { reportJson } from '../src/page/reportJson.ts';
import { sentences } from '../src/page/sentences.ts';
import { svgOf } from '../src/page/svg.ts';
import { estimateText, signed } from '../src/page/words.ts';
import { featuresOf, labelsOf, logitsOf } from './models.ts';

const rows = 300;
const labels = labelsOf(rows);
const [teacher, distilled, independent] = [logitsOf(1, rows, 2.5), logitsOf(2, rows, 2.2), logitsOf(3, rows, 0.7)];
const fast = { resamples: 200 };

const words = (html: string) =>
  html
    .replace(/<[^>]*>/g, '')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
const told = (inputs: Partial<CompareInputs>) =>
  sentences(compareModels({ labels, teacher, students: { distilled, independent }, ...fast, ...inputs })).map(
    ({ answer }) => words(answer),
  );

describe('the three sentences', () => {
  it('say who is right, who agrees and who is overconfident, with intervals', () => {
    const [right, agrees, overconfident] = told({});
    expect(right).toMatch(
      /^The teacher is right on \d+\.\d% \[\d+\.\d, \d+\.\d\] of 300 rows, distilled on .*% \[.*\] and independent on .*% \[.*\]: distilled is ahead of independent by \d+\.\d points \[\d+\.\d, \d+\.\d\]\.$/,
    );
    expect(agrees).toMatch(
      /^The teacher’s answer is given by distilled on .*% \[.*\] of the rows and independent on .*: distilled follows it more often than independent, by .* points \[.*\]\.$/,
    );
    expect(overconfident).toMatch(/(over|under)confident/);
    expect(overconfident).toMatch(/\[.*\]/);
  });

  it('claim no difference that the rows do not show', () => {
    const [right, agrees] = told({ students: { one: distilled, two: distilled } });
    expect(right).toMatch(/: the rows do not tell one and two apart \(0\.0 points \[0\.0, 0\.0\]\)\.$/);
    expect(agrees).toMatch(/the rows do not tell one and two apart/);
    const [alone] = told({ students: { copy: teacher } });
    expect(alone).toMatch(/copy on .*: the rows do not tell them apart \(0\.0 points/);
  });

  it('say what a single student lost or gained', () => {
    expect(told({ students: { independent } })[0]).toMatch(/independent on .*: it loses \d+\.\d points \[\d/);
    expect(told({ teacher: independent, students: { better: teacher } })[0]).toMatch(/: it gains \d+\.\d points \[\d/);
  });

  it('know the over- from the underconfident', () => {
    const sure = { logits: { data: Float32Array.from(distilled.data, (value) => 20 * value), shape: distilled.shape } };
    const unsure = {
      logits: { data: Float32Array.from(distilled.data, (value) => value / 20), shape: distilled.shape },
    };
    const [, , sentence] = told({ students: { sure, unsure } });
    expect(sentence).toMatch(/sure is overconfident by \d+\.\d points \[\d/);
    expect(sentence).toMatch(/is underconfident by .* and unsure by \d+\.\d points \[\d/);
  });

  it('do without confidences, and with many students', () => {
    const predictions = { predictions: labels };
    expect(told({ teacher: predictions, students: { student: predictions } })[2]).toMatch(/^Nobody knows/);
    const many = Object.fromEntries(Array.from({ length: 7 }, (_, at) => [`student ${at}`, distilled]));
    for (const sentence of told({ students: many })) expect(sentence).toContain('3 more in the table');
  });
});

describe('numbers in words', () => {
  it('have as many digits as their interval bears out', () => {
    expect(estimateText({ value: 0.9123, low: 0.9012, high: 0.9234 }, 'percent')).toEqual({
      value: '91.2%',
      interval: '[90.1, 92.3]',
    });
    expect(estimateText({ value: 0.91234, low: 0.912, high: 0.9127 }, 'percent').value).toBe('91.234%');
    expect(estimateText({ value: -0.01, low: -0.02, high: 0.01 }, 'points', true)).toEqual({
      value: '−1.0',
      interval: '[−2.0, +1.0]',
    });
    expect(estimateText({ value: 0.001234, low: 0.00121, high: 0.00126 }, 'plain').value).toBe('0.00123');
    expect(estimateText({ value: Infinity, low: 2, high: Infinity }, 'plain')).toEqual({
      value: '∞',
      interval: '[2.00, ∞]',
    });
    expect(estimateText({ value: 1, low: 1, high: 1 }, 'percent').value).toBe('100.0%');
    expect(signed(-0.00001, 2)).toBe('0.00');
  });
});

describe('a figure of the page', () => {
  it('is refused where Vega tells of an error and draws on without it', async () => {
    const scores = compareModels({
      labels: [0, 1],
      teacher: [
        [1, 0],
        [0, 2],
      ],
      students: {
        student: [
          [1, 0],
          [0, 1],
        ],
      },
    });
    const figure = reliabilityDiagram({ someone: scores.reliability.student! });
    expect(await svgOf(figure, 'a')).toContain('someone');
    // A facet of this name, which the figures themselves do not make.
    const broken = JSON.parse(JSON.stringify(figure).replaceAll('"someone"', '"constructor"'));
    await expect(svgOf(broken, 'a')).rejects.toThrow(/^The figure .* cannot be drawn: .*Operator not defined/);
  });
});

describe('the page', () => {
  const hostile = '<script>alert("1")</script>&';
  let comparison: Comparison;
  let page: string;
  beforeAll(async () => {
    comparison = compareModels({
      labels,
      teacher: { logits: teacher, features: { one: featuresOf(1, rows, 4, 1), [hostile]: featuresOf(2, rows, 4, 1) } },
      students: {
        [hostile]: [
          { logits: distilled, features: { one: featuresOf(3, rows, 4, 1), [hostile]: featuresOf(4, rows, 4, 1) } },
          { logits: independent, features: { one: featuresOf(5, rows, 4, 1), [hostile]: featuresOf(6, rows, 4, 1) } },
        ],
        independent,
      },
      groups: Array.from({ length: rows }, (_, row) => (row % 2 === 0 ? hostile : 'b')),
      classNames: [hostile, 'two', 'three', 'four', 'five'],
      title: `A title with ${hostile}`,
      ...fast,
    });
    page = await reportHtml(comparison);
  });

  it('holds no script, whatever models, layers, classes and groups are called', () => {
    expect(page).not.toMatch(/<script|<iframe|<object|javascript:| on\w+=/i);
    expect(page.match(/&lt;script&gt;/g)!.length).toBeGreaterThan(10);
    expect(page).not.toMatch(/ style="/);
  });

  it('asks for nothing from anywhere', () => {
    const links = [...page.matchAll(/(?:href|src|xlink:href)="([^"]*)"|url\(([^)]*)\)/g)].map(
      ([, one, two]) => one ?? two,
    );
    expect(links.filter((link) => !link!.startsWith('#') && link !== 'data:,')).toEqual([]);
    expect(page).toContain("default-src 'none'");
  });

  it('goes in the order in which a person asks', () => {
    const headings = [...page.matchAll(/<h2[^>]*>(.*?)<\/h2>/g)].map(([, text]) => text);
    expect(headings).toEqual([
      'What happened',
      'The numbers',
      'The figures',
      'What was lost, by class and group',
      'How it was computed',
    ]);
    expect(page.match(/How to read it/g)).toHaveLength(page.match(/<figure /g)!.length);
  });

  it('is the same of the JSON, and the same again', async () => {
    expect(await reportHtml(JSON.parse(reportJson(comparison)) as Comparison)).toBe(page);
  });

  it('has ids of one element each', () => {
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of page.matchAll(/(?:aria-labelledby="|href="#|url\(#)([^")]+)/g)) expect(ids).toContain(id);
  });

  it('stays small with many rows, classes, layers and students', { timeout: 60_000 }, async () => {
    const [many, wide] = [3000, 60];
    const target = Int32Array.from({ length: many }, (_, row) => row % wide);
    const logits = (seed: number) => ({
      data: Float32Array.from(
        { length: many * wide },
        (_, at) => ((at * 7919 * (seed + 1)) % 997) / 300 + (at % wide === target[Math.floor(at / wide)] ? 2 : 0),
      ),
      shape: [many, wide],
    });
    const large = compareModels({
      labels: target,
      teacher: logits(0),
      students: Object.fromEntries(Array.from({ length: 6 }, (_, at) => [`student number ${at}`, logits(at + 1)])),
      groups: Array.from(target, (value) => value % 30),
      resamples: 100,
    });
    expect(Buffer.byteLength(await reportHtml(large))).toBeLessThan(3e6);
  });

  it('writes infinities as numbers that readers take for them', () => {
    const probabilities = [
      [1, 0],
      [0.5, 0.5],
    ];
    const infinite = compareModels({
      labels: [1, 0],
      teacher: { probabilities },
      students: { student: { probabilities } },
      ...fast,
    });
    const read = JSON.parse(reportJson(infinite)) as Comparison;
    expect(read.models.student!.negativeLogLikelihood!.value).toBe(Infinity);
    expect(reportJson(infinite)).toContain('"value": 1e999');
  });

  it('is drawn of models that are always right, always wrong, or infinitely sure', async () => {
    const sure = {
      probabilities: [
        [1, 0],
        [0, 1],
        [1, 0],
      ],
    };
    for (const [student, target] of [
      [sure, [0, 1, 0]],
      [sure, [1, 0, 1]],
      [
        {
          logits: [
            [0, 0],
            [0, 0],
            [0, 0],
          ],
        },
        [0, 1, 0],
      ],
    ] as const) {
      const page = await reportHtml(compareModels({ labels: target, teacher: sure, students: { student }, ...fast }));
      expect(page).not.toMatch(/NaN|undefined/);
    }
  });

  it('is drawn of predictions alone', async () => {
    const plain = await reportHtml(
      compareModels({
        labels: [0, 1, 1, 0],
        teacher: { predictions: [0, 1, 1, 0] },
        students: { student: { predictions: [0, 1, 0, 0] } },
        ...fast,
      }),
    );
    expect(plain).toContain('id="flips"');
    expect(plain).not.toContain('id="reliability"');
  });
});
