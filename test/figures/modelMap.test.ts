import { measure, multidimensionalScaling, representationalSimilarity, trainingPath } from 'dark-knowledge';
import { modelMap } from 'dark-knowledge/figures';
import { describe, expect, it } from 'vitest';
import { placeLabels } from '../../src/figures/placeLabels.ts';
import { describeFigure, draw, itemsOf } from '../support/figures.ts';
import { logitsOf } from './samples.ts';

const activations = Object.fromEntries(
  ['teacher', 'cnn0', 'cnn1', 'cnn2', 'mlp0', 'mlp1', 'mlp2'].map((name, index) => [name, logitsOf(index, 40, index)]),
) as Record<string, ReturnType<typeof logitsOf>>;
const moving = measure(
  trainingPath({
    models: { teacher: ['teacher'], cnn: ['cnn0', 'cnn1', 'cnn2'], mlp: ['mlp0', 'mlp1', 'mlp2'] },
    similarity: representationalSimilarity(),
  }),
  activations,
);
// A rectangle of 3 by 4: its distances are exact in the plane.
const rectangle = [
  [0, 4, 5, 3],
  [4, 0, 3, 5],
  [5, 3, 0, 4],
  [3, 5, 4, 0],
];
const standing = { ...multidimensionalScaling(rectangle), names: ['a', 'b', 'c', 'd'] };
const many = {
  coordinates: Array.from({ length: 400 }, (_, index) => [Math.cos(index), Math.sin(index / 2), index]),
  stress1: 0.1,
  names: Array.from({ length: 400 }, (_, index) => `trial ${index}`),
  groups: Array.from({ length: 400 }, (_, index) => `group ${index % 10}`),
};
const long = {
  stress1: 0.05,
  paths: {
    student: {
      checkpoints: Array.from({ length: 5000 }, (_, step) => `step ${step}`),
      coordinates: Array.from({ length: 5000 }, (_, step) => [step, Math.sqrt(step)]),
    },
  },
};

describeFigure('modelMap', [
  { title: 'training paths', figure: (options) => modelMap(moving, options) },
  { title: 'models that stand still', figure: (options) => modelMap(standing, options) },
  { title: 'many models in groups, in three dimensions', figure: (options) => modelMap(many, options) },
  { title: 'a path of many checkpoints', figure: (options) => modelMap(long, options) },
  {
    title: 'one point',
    figure: (options) => modelMap({ coordinates: [[0, 0]], stress1: 0, names: ['only'] }, options),
  },
  {
    title: 'points that coincide, on one axis',
    figure: (options) => modelMap({ coordinates: [[1], [1]], stress1: 0, names: ['one', 'other'] }, options),
  },
]);

describe('a map of models', () => {
  it('keeps distances: as many pixels apart as the dissimilarities say, in every direction', async () => {
    for (const width of [640, 320]) {
      const points = itemsOf((await draw(modelMap(standing, { width }))).panels[0]!, 'symbol');
      const pixels = (first: number, second: number) =>
        Math.hypot(points[first]!.x - points[second]!.x, points[first]!.y - points[second]!.y);
      const unit = pixels(0, 1) / 4;
      for (const [first, row] of rectangle.entries()) {
        for (const [second, distance] of row.entries()) expect(pixels(first, second) / unit).toBeCloseTo(distance, 4);
      }
    }
  });

  it('holds every point, be the map wide or tall', async () => {
    for (const [across, up] of [
      [10, 1],
      [1, 10],
      [0, 3],
    ] as const) {
      const coordinates = [
        [0, 0],
        [across, up],
      ];
      const panel = (await draw(modelMap({ coordinates, stress1: 0, names: ['one', 'other'] }))).panels[0]!;
      for (const { x, y } of itemsOf(panel, 'symbol')) {
        expect(x > 5 && x < panel.width - 5 && y > 5 && y < panel.height - 5).toBe(true);
      }
    }
  });

  it('draws each path through its checkpoints in their order, from a ring to a large mark', async () => {
    const panel = (await draw(modelMap(moving))).panels[0]!;
    const line = itemsOf(panel, 'line').filter(({ datum }) => datum.series === 'cnn');
    expect(line.map(({ x, y }) => [panel.across(x), panel.up(y)])).toEqual(
      moving.paths.cnn.coordinates.map((point) => point.slice(0, 2).map((value) => expect.closeTo(value, 6))),
    );
    const marks = itemsOf(panel, 'symbol');
    const at = (name: string) =>
      marks.find(({ datum }) => datum.name === name) as unknown as { size: number; fill: string };
    expect(at('cnn0').fill).toBe('#ffffff');
    expect(at('cnn2').size).toBeGreaterThan(at('cnn0').size);
    expect(at('teacher').size).toBe(at('cnn2').size);
  });

  it('names its points or its groups, and says how far it bends the dissimilarities', async () => {
    const { panels, texts } = await draw(modelMap(standing));
    expect(itemsOf(panels[0]!, 'text').map(({ text }) => text)).toEqual(expect.arrayContaining(['a', 'b', 'c', 'd']));
    expect(texts.join(' ')).toContain('Stress-1: ');
    expect((await draw(modelMap(many))).legend).toEqual([...new Set(many.groups)]);
    expect((await draw(modelMap(moving))).legend).toEqual(['teacher', 'cnn', 'mlp']);
    expect((await draw(modelMap(many))).texts.join(' ')).toContain('The first two of 3 axes.');
  });

  it('names a point that lies alone, however far from 0', async () => {
    for (const at of [0, 1e17, -1e300]) {
      const { panels } = await draw(modelMap({ coordinates: [[at, at]], names: ['only'], stress1: 0 }));
      expect(itemsOf(panels[0]!, 'text').map(({ text }) => text)).toEqual(['only']);
    }
  });

  it('thins a long path, keeps its end, and says so', async () => {
    const { panels, texts } = await draw(modelMap(long));
    const line = itemsOf(panels[0]!, 'line');
    expect(line).toHaveLength(201);
    expect(panels[0]!.across(line.at(-1)!.x)).toBeCloseTo(4999, 6);
    expect(texts.join(' ')).toContain('Drawn: 201 of 5,000 checkpoints.');
  });

  it('refuses NaN by its place, names that do not fit, and no point', () => {
    expect(() =>
      modelMap({
        ...standing,
        coordinates: [
          [0, 0],
          [0, Number.NaN],
          [0, 0],
          [0, 0],
        ],
      }),
    ).toThrow(new RangeError('modelMap: coordinates[1][1] must be a finite number, got NaN.'));
    const path = { checkpoints: ['a'], coordinates: [[Number.NaN, 0]] };
    expect(() => modelMap({ stress1: 0, paths: { student: path } })).toThrow(
      'modelMap: paths.student.coordinates[0][0]',
    );
    expect(() => modelMap({ ...standing, names: ['a'] })).toThrow('modelMap: names must be a list of 4');
    expect(() => modelMap({ stress1: 0, paths: {} })).toThrow('at least one point');
  });
});

describe('names beside points', () => {
  const size = { width: 400, height: 300 };

  it('lie over no other name and over no point, within the plot', () => {
    const points = Array.from({ length: 12 }, (_, index) => ({
      x: 200 + 30 * Math.cos(index),
      y: 150 + 30 * Math.sin(index),
      text: `name ${index}`,
    }));
    const places = placeLabels(points, size);
    expect(places.length).toBeGreaterThan(6);
    const boxes = places.map(({ x, y, text, align }) => {
      const width = 0.6 * 11 * text.length;
      const left = align === 'left' ? x : align === 'right' ? x - width : x - width / 2;
      return { left, right: left + width, top: y - 5, bottom: y + 5 };
    });
    boxes.forEach((box, index) => {
      for (const other of boxes.slice(index + 1)) {
        const apart =
          box.right <= other.left || box.left >= other.right || box.bottom <= other.top || box.top >= other.bottom;
        expect(apart).toBe(true);
      }
      expect(box.left >= 0 && box.right <= size.width).toBe(true);
      for (const { x, y } of points) expect(x > box.left && x < box.right && y > box.top && y < box.bottom).toBe(false);
    });
  });

  it('stand to the left of a point at the right edge', () => {
    expect(placeLabels([{ x: 395, y: 100, text: 'edge' }], size)[0]!.align).toBe('right');
    expect(placeLabels([{ x: 5, y: 100, text: 'edge' }], size)[0]!.align).toBe('left');
  });
});
