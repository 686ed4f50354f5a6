import {
  cka,
  ckaMatrix,
  measure,
  relativeDegradation,
  representationalSimilarity,
  similarityMatrix,
} from 'dark-knowledge';
import { degradationHeatMap, type LayerSimilarity, similarityHeatMap } from 'dark-knowledge/figures';
import { describe, expect, it } from 'vitest';
import { type DrawnItem, type DrawnPanel, describeFigure, draw, itemsOf } from '../support/figures.ts';
import { logitsOf } from './samples.ts';

const features = {
  'student.block1': logitsOf(1, 60, 1),
  'student.block2': logitsOf(2, 60, 3),
  'student.dead': { data: new Float32Array(60 * 4).fill(2), shape: [60, 4] },
  'teacher.block1': logitsOf(3, 60, 1),
  'teacher.block2': logitsOf(4, 60, 4),
};
const x = ['student.block1', 'student.block2', 'student.dead'] as const;
const y = ['teacher.block1', 'teacher.block2'] as const;
const ofLayers = measure(ckaMatrix({ x, y }), features);
/** Of a version before the results said what chance gives. */
const withoutChance = ({ expected: _, z: __, ...result }: typeof ofLayers): Omit<typeof ofLayers, 'expected' | 'z'> =>
  result;
const biased = withoutChance(ofLayers);
const debiased = withoutChance(measure(ckaMatrix({ x, y, debiased: true }), features));
/** Two cells of chance's size, the others far above. */
const withChance: LayerSimilarity = {
  ...biased,
  expected: biased.value.map((line) => line.map(() => 0.11)),
  z: biased.value.map((line, row) => line.map((_, column) => (row === 0 && column === 0 ? 2.9 : 12))),
};
const models = ['student.block1', 'student.block2', 'teacher.block1'] as const;
const ofModels = measure(similarityMatrix({ models, similarity: representationalSimilarity() }), features);
const ckaOfModels = measure(similarityMatrix({ models, similarity: cka() }), features);
const names = Array.from({ length: 150 }, (_, index) => `encoder.layer.${index}.output`);
const large: LayerSimilarity = {
  x: names,
  y: names.slice(0, 70),
  value: names.map((_, row) => names.slice(0, 70).map((__, column) => 1 / (1 + Math.abs(row - column)))),
  samples: 1000,
};
const single: LayerSimilarity = { x: ['a'], y: ['b'], value: [[0.5]], samples: 10 };

describeFigure('similarityHeatMap', [
  { title: 'layers, biased', figure: (options) => similarityHeatMap(biased, options) },
  { title: 'layers, debiased', figure: (options) => similarityHeatMap(debiased, options) },
  { title: 'layers, as measured', figure: (options) => similarityHeatMap(ofLayers, options) },
  { title: 'layers, with what chance gives', figure: (options) => similarityHeatMap(withChance, options) },
  { title: 'models', figure: (options) => similarityHeatMap(ofModels, options) },
  { title: 'models by CKA', figure: (options) => similarityHeatMap(ckaOfModels, { measure: 'CKA', ...options }) },
  { title: 'a matrix too large for numbers', figure: (options) => similarityHeatMap(large, options) },
  {
    title: 'a measure and names of any letters',
    figure: (options) =>
      similarityHeatMap(
        { ...single, x: ['a "b" \\ [c].d'] },
        { ...options, measure: 'sim.cos [debiased]', rows: 'layer.of "x"', columns: "layer's name" },
      ),
  },
  { title: 'a single cell', figure: (options) => similarityHeatMap(single, options) },
]);

const written = (value: number) =>
  value
    .toFixed(2)
    .replace(/^(-?)0\./, '$1.')
    .replace('-', '−');
/** The texts within a cell, from top to bottom. */
const textsIn = (panel: DrawnPanel, cell: DrawnItem) =>
  itemsOf(panel, 'text')
    .filter(
      (text) => text.x > cell.x && text.x < cell.x + cell.width! && text.y > cell.y && text.y < cell.y + cell.height!,
    )
    .sort((first, second) => first.y - second.y)
    .map(({ text }) => text);
const cellAt = (panel: DrawnPanel, row: number, column: number, rows: number, columns: number): DrawnItem =>
  itemsOf(panel, 'rect').find(
    (cell) =>
      Math.round((cell.x / panel.width) * columns) === column && Math.round((cell.y / panel.height) * rows) === row,
  )!;

describe('a heat map of similarities', () => {
  it('writes each value into its cell, and what is debiased below it in brackets', async () => {
    const panel = (await draw(similarityHeatMap(biased))).panels[0]!;
    for (const row of [0, 1]) {
      for (const column of [0, 1]) {
        const cell = cellAt(panel, row, column, 3, 2);
        expect(textsIn(panel, cell)).toEqual([
          written(biased.value[row]![column]!),
          `(${written(biased.debiased[row]![column]!)})`,
        ]);
      }
    }
    expect(panel.labels).toEqual({ x: ['block1', 'block2'], y: ['block1', 'block2', 'dead'] });
  });

  it('writes what chance gives below each value of a measured matrix', async () => {
    const panel = (await draw(similarityHeatMap(ofLayers))).panels[0]!;
    const [value, chance] = textsIn(panel, cellAt(panel, 1, 0, 3, 2));
    expect(value).toContain(written(ofLayers.value[1]![0]!));
    expect(chance).toBe(`(${written(ofLayers.expected[1]![0]!)})`);
  });

  it('colours a larger value darker', async () => {
    const panel = (await draw(similarityHeatMap(biased))).panels[0]!;
    const lightness = ({ fill }: DrawnItem) => fill!.match(/\d+/g)!.reduce((sum, part) => sum + Number(part), 0);
    const cells = itemsOf(panel, 'rect').filter(({ datum }) => datum.value !== null);
    const byValue = [...cells].sort((first, second) => Number(first.datum.value) - Number(second.datum.value));
    const byColour = [...cells].sort((first, second) => lightness(second) - lightness(first));
    expect(byColour).toEqual(byValue);
  });

  it('shows what chance gives, and marks the cells that are no further above it than noise', async () => {
    const { panels, texts } = await draw(similarityHeatMap(withChance));
    expect(textsIn(panels[0]!, cellAt(panels[0]!, 0, 0, 3, 2))).toEqual([
      `≈ ${written(biased.value[0]![0]!)}`,
      '(.11)',
    ]);
    expect(textsIn(panels[0]!, cellAt(panels[0]!, 1, 1, 3, 2))).toEqual([written(biased.value[1]![1]!), '(.11)']);
    expect(texts.join(' ')).toContain('(1 of 6 cells)');
    expect(texts.join(' ')).toContain('In brackets: what chance gives.');
  });

  it('takes what chance gives from the cells of a matrix of models too', async () => {
    const cells = ckaOfModels.cells.map((line) => line.map((cell) => ({ ...cell, expected: 0.21, z: 1 })));
    const { panels } = await draw(similarityHeatMap({ ...ckaOfModels, cells }));
    expect(textsIn(panels[0]!, cellAt(panels[0]!, 0, 1, 3, 3))).toEqual([
      `≈ ${written(ckaOfModels.value[0]![1]!)}`,
      '(.21)',
    ]);
  });

  it('leaves a cell of constant features grey, and says why', async () => {
    const panel = (await draw(similarityHeatMap(biased))).panels[0]!;
    const cell = cellAt(panel, 2, 0, 3, 2);
    expect(cell.fill).toBe('#d9d9d9');
    expect(textsIn(panel, cell)).toEqual(['–', 'constant']);
  });

  it('keeps a biased value whose debiased one is not defined', async () => {
    const three = measure(ckaMatrix({ x: ['a'], y: ['b'] }), { a: [[1], [2], [4]], b: [[1], [3], [4]] });
    expect(three.status[0]![0]).toBe('tooFewSamples');
    const panel = (await draw(similarityHeatMap(three))).panels[0]!;
    expect(textsIn(panel, itemsOf(panel, 'rect')[0]!)).toEqual([written(three.biased[0]![0]!)]);
  });

  it('draws every k-th of many layers, says so, and stays small', async () => {
    const figure = similarityHeatMap(large);
    const { panels, texts } = await draw(figure);
    const cells = itemsOf(panels[0]!, 'rect');
    expect(cells).toHaveLength(50 * 35);
    expect(texts.join(' ')).toContain('Drawn: 1 in 3 of 150 rows, 1 in 2 of 70 columns.');
    expect(texts.join(' ')).toContain('Names: rows encoder.layer.*.output');
    for (const { datum } of cells.slice(0, 200)) {
      const index = (name: unknown) => Number(String(name).split('.')[2]);
      expect(datum.value).toBe(1 / (1 + Math.abs(index(datum.rowName) - index(datum.columnName))));
    }
  });

  it('cuts the long names of its columns, as those of its rows, so that the map is not the least of the figure', async () => {
    const name = (end: string) => `${end}${'goes on and on '.repeat(12)}${end}`;
    const long = {
      x: ['one', 'two'],
      y: [name('1'), name('2')],
      value: [
        [0.5, 0.1],
        [0.2, 0.3],
      ],
      samples: 10,
    };
    const { svg, panels } = await draw(similarityHeatMap(long));
    expect(Number(/height="([\d.]+)"/.exec(svg)![1])).toBeLessThan(600);
    expect(new Set(panels[0]!.labels.x).size).toBe(2);
  });

  it('refuses NaN by its place, and matrices that do not fit', () => {
    expect(() => similarityHeatMap({ ...single, value: [[Number.NaN]] })).toThrow(
      new RangeError('similarityHeatMap: value[0][0] must be a finite number, got NaN.'),
    );
    expect(() => similarityHeatMap({ ...single, z: [[Number.NaN]] })).toThrow('similarityHeatMap: z[0][0]');
    expect(() => similarityHeatMap({ ...single, value: [[1, 2]] })).toThrow('value[0] must be a list of 1');
    expect(() => similarityHeatMap({ ...single, x: [] })).toThrow('rows must be a list of at least one name');
  });
});

const tasks = ['CoLA', 'SST-2', 'MRPC', 'STS-B', 'QQP', 'MNLI', 'QNLI', 'RTE', 'WNLI'];
const scores = (factor: (task: number) => number) =>
  Object.fromEntries(tasks.map((task, index) => [task, (task === 'WNLI' ? 0 : 0.8) * factor(index)]));
const degradation = relativeDegradation({
  teacher: scores(() => 1),
  students: { '6L': scores((task) => 1.02 - task / 50), '3L': scores((task) => 1 - task / 15) },
});
const nothing = relativeDegradation({ teacher: { a: 0 }, students: { s: { a: 1 } } });
const equal = relativeDegradation({ teacher: { a: 1 }, students: { s: { a: 1 } } });

describeFigure('degradationHeatMap', [
  { title: 'two students on nine tasks', figure: (options) => degradationHeatMap(degradation, options) },
  { title: 'a teacher that scores 0', figure: (options) => degradationHeatMap(nothing, options) },
  { title: 'a student that lost nothing', figure: (options) => degradationHeatMap(equal, options) },
]);

describe('a degradation heat map', () => {
  it('writes each loss in percent, grey where the teacher scores 0', async () => {
    const panel = (await draw(degradationHeatMap(degradation))).panels[0]!;
    for (const [row, line] of degradation.cells.entries()) {
      for (const [column, loss] of line.entries()) {
        const [text] = textsIn(panel, cellAt(panel, row, column, 2, tasks.length));
        if (loss === null) {
          expect(text).toBe('–');
          continue;
        }
        expect(Number(String(text).replace('−', '-').replace('%', ''))).toBeCloseTo(
          100 * loss,
          Math.abs(loss) < 0.1 ? 1 : 0,
        );
      }
    }
    expect(panel.labels).toEqual({ x: tasks, y: ['6L', '3L'] });
  });

  it('stands on its side where numbers are readable only then', async () => {
    const panel = (await draw(degradationHeatMap(degradation, { width: 320 }))).panels[0]!;
    expect(panel.labels).toEqual({ x: ['6L', '3L'], y: tasks });
    expect(textsIn(panel, cellAt(panel, 7, 1, tasks.length, 2))).toEqual(['47%']);
  });

  it('has opposite colours for loss and gain, and white for neither', async () => {
    const panel = (await draw(degradationHeatMap(degradation))).panels[0]!;
    const [red, , blue] = cellAt(panel, 1, 7, 2, tasks.length).fill!.match(/\d+/g)!.map(Number);
    expect(red! - blue!).toBeGreaterThan(100);
    const gain = cellAt(panel, 0, 0, 2, tasks.length).fill!.match(/\d+/g)!.map(Number);
    expect(gain[2]! - gain[1]!).toBeGreaterThan(0);
    const same = (await draw(degradationHeatMap(equal))).panels[0]!;
    expect(itemsOf(same, 'rect')[0]!.fill).toBe('rgb(247, 247, 247)');
  });

  it('refuses NaN by its place', () => {
    const cells = degradation.cells.map((line) => line.map(() => Number.NaN));
    expect(() => degradationHeatMap({ ...degradation, cells })).toThrow(
      new RangeError('degradationHeatMap: cells[0][0] must be a finite number, got NaN.'),
    );
    expect(() => degradationHeatMap({ ...degradation, worst: undefined as never })).toThrow(
      'degradationHeatMap: worst must be a record, got undefined.',
    );
  });
});
