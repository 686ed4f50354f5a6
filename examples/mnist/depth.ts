/** The second half of the report: maps, barriers, attacks and confidence. */
import {
  confidenceDeviation,
  dissimilarity,
  measure,
  multidimensionalScaling,
  representationalSimilarity,
  similarityMatrix,
} from 'dark-knowledge';
import type { Report, StudiedModel } from './analysis.ts';
import { foolingRates } from './attack.ts';
import { barriersBetween } from './barriers.ts';
import { type Dataset, selectExamples, type TestSets } from './data.ts';
import { meanAndDeviation, table } from './report.ts';

export interface DepthSettings {
  /** Images for the representational map. */
  readonly mapImages: number;
  /** Images on each point between two students. */
  readonly barrierImages: number;
  readonly barrierPoints: number;
  readonly attackImages: number;
  /** Largest change of a pixel under attack. */
  readonly epsilon: number;
  readonly progress: (text: string) => void;
}

/** Looks inside the models. */
export async function lookInside(
  models: readonly StudiedModel[],
  testSets: TestSets,
  settings: DepthSettings,
): Promise<Report> {
  const map = representationalMap(models, settings.mapImages);
  const find = (name: string): StudiedModel => models.find((model) => model.name === name)!;
  const barriers = await barriersBetween(
    [
      [find('independent 1'), find('independent 2')],
      [find('distilled 1'), find('distilled 2')],
      [find('independent 1'), find('distilled 1')],
    ],
    first(testSets.mnist, settings.barrierImages),
    { points: settings.barrierPoints, onProgress: (text) => settings.progress(`Barrier ${text}`) },
  );
  settings.progress('Attacking the teacher');
  const fooling = await foolingRates(models, testSets.mnist, {
    images: settings.attackImages,
    epsilon: settings.epsilon,
  });
  const slopes = confidenceSlopes(models);
  const groups = [...new Set(models.slice(1).map(({ group }) => group))];

  const text = [
    `Map of the models: representational similarity of penultimate features on Translated MNIST, Stress-1 ${map.stress1.toFixed(3)}\n${table(
      ['model', 'x', 'y', 'similarity to teacher'],
      models.map(({ name }, row) => [
        name,
        ...map.coordinates[row]!.map((value) => value.toFixed(3)),
        map.similarities[row]![0]!.toFixed(3),
      ]),
    )}`,
    `Linear-interpolation barriers on MNIST's test loss, ${settings.barrierPoints} points\n${table(
      ['pair', 'over the line', 'over the mean', 'over the worse end'],
      barriers.map(({ pair, barrier }) => [
        pair.join(' — '),
        ...[barrier.linear, barrier.mean, barrier.endpoint].map((value) => value.toFixed(3)),
      ]),
    )}`,
    `Iterative FGSM on the teacher, ε = ${settings.epsilon}: it fools the teacher on ${fooling[0]!.teacherFooled} of ${fooling[0]!.images} images; of these it fools\n${table(
      ['', 'share'],
      groups.map((group) => [
        group,
        meanAndDeviation(fooling.filter((row) => row.group === group).map((row) => row.foolingRate ?? Number.NaN)),
      ]),
    )}`,
    `Slope of the student's confidence on the teacher's, MNIST test images (bottom quarter of the teacher's confidence)\n${table(
      ['', 'all images', 'bottom quarter'],
      groups.map((group) => [
        group,
        ...(['all', 'bottom'] as const).map((part) =>
          meanAndDeviation(slopes.filter((row) => row.group === group).map((row) => row[part].value ?? Number.NaN)),
        ),
      ]),
    )}`,
  ].join('\n\n');
  return { text, data: { representationalMap: map, barriers, fooling, confidence: slopes } };
}

function first(dataset: Dataset, count: number): Dataset {
  return selectExamples(
    dataset,
    Array.from({ length: Math.min(count, dataset.count) }, (_, index) => index),
  );
}

/** Similarities of all models with one another, and a map of them: the paper's figure 7. */
function representationalMap(models: readonly StudiedModel[], images: number) {
  const names = models.map(({ name }) => name);
  const features = Object.fromEntries(
    models.map(({ name, outputs }) => {
      const { data, shape } = outputs.translated.features;
      const rows = Math.min(images, shape[0]!);
      return [name, { data: data.slice(0, rows * shape[1]!), shape: [rows, shape[1]!] }];
    }),
  );
  const metric = similarityMatrix({ models: names, similarity: representationalSimilarity() });
  const { value } = measure(metric, features);
  const { coordinates, stress1 } = multidimensionalScaling(dissimilarity(value.map((row) => [...row])));
  return { models: names, similarities: value, coordinates, stress1 };
}

/** Slope above 1: the student exaggerates the teacher's confidence; below 1: it plays it down. */
function confidenceSlopes(models: readonly StudiedModel[]) {
  const teacherLogits = models[0]!.outputs.mnist.logits;
  return models.slice(1).map(({ name, group, outputs }) => {
    const inputs = { teacherLogits, studentLogits: outputs.mnist.logits };
    const { scatter: _all, ...all } = confidenceDeviation(inputs);
    const { scatter: _bottom, ...bottom } = confidenceDeviation(inputs, { bottom: 0.25 });
    return { model: name, group, all, bottom };
  });
}
