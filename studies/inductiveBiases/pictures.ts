/** Tables and figures. */
import { barrierCurve, errorOverlapBars, modelMap } from 'dark-knowledge/figures';
import type { TestSets } from '../../examples/mnist/data.ts';
import { meanAndDeviation } from '../../examples/mnist/report.ts';
import type { StudyFigure, StudyTable } from '../study.ts';
import {
  groups,
  type Measured,
  paperAccuracy,
  type SetName,
  setNames,
  setTitles,
  type TrainedModel,
  type TrialBarriers,
} from './groups.ts';
import { barrierNames, inTrial, type Maps, overlapOf, pathOf } from './measurements.ts';

export function tablesOf(measured: readonly Measured[], barriers: readonly TrialBarriers[]): readonly StudyTable[] {
  const cells = (field: 'calibrationError' | 'similarityToCnns' | 'centredSimilarityToCnns' | 'sharedErrors') =>
    groups.map(({ name }) => [
      name,
      ...setNames.map((set) => {
        const values = measured.filter((row) => row.group === name && row.set === set).map((row) => row[field]);
        const known = values.filter((value) => value !== null);
        return known.length === 0 ? '' : meanAndDeviation(known);
      }),
    ]);
  const header = ['', ...setNames.map((set) => setTitles[set])];
  return [
    {
      title: 'Accuracy (mean ± standard deviation over trials), and the paper’s',
      header: ['', ...setNames.flatMap((set) => [setTitles[set], 'paper'])],
      rows: groups.map(({ name }) => [
        name,
        ...setNames.flatMap((set) => [
          meanAndDeviation(measured.filter((row) => row.group === name && row.set === set).map((row) => row.accuracy)),
          paperAccuracy[name]?.[set].toFixed(3) ?? '',
        ]),
      ]),
    },
    { title: 'Expected calibration error, 15 bins', header, rows: cells('calibrationError') },
    {
      title: 'Representational similarity to the CNNs that learnt from labels',
      header,
      rows: cells('similarityToCnns'),
    },
    { title: 'The same of centred features', header, rows: cells('centredSimilarityToCnns') },
    { title: 'Errors shared with the first CNN (Jaccard’s index)', header, rows: cells('sharedErrors') },
    {
      title: 'Barriers of the test loss, nats, over the straight line between the ends',
      header: ['pair from the same first weights', 'barrier'],
      rows: barrierNames.map((name) => [
        name,
        meanAndDeviation(barriers.map(({ barriers: pair }) => pair[name].barrier.linear)),
      ]),
    },
  ];
}

export function figuresOf(
  trained: readonly TrainedModel[],
  maps: Maps,
  barriers: readonly TrialBarriers[],
  testSets: TestSets,
): readonly StudyFigure[] {
  const mapFigures = setNames.map((set): StudyFigure => {
    const title = `Representations of digits, ${setTitles[set]}`;
    return {
      title,
      note: 'As Figure 7 of the paper: a point a model, by the features before its logits. MLPs taught by a CNN should lie nearer to the CNNs.',
      specification: modelMap(maps[set].map, { title }),
    };
  });
  const ways = 'Ways through training, Translated';
  const walls = 'Loss between models from the same first weights';
  return [
    ...mapFigures,
    {
      title: ways,
      note: 'As Figure 1: the first trial. The taught MLP should go the way of the CNN.',
      specification: modelMap(pathOf(trained, 0), { title: ways }),
    },
    {
      title: walls,
      note: 'As Figures 8 and 9: the first trial, on digits of the test set. No rise: one basin.',
      specification: barrierCurve(barriers[0]!.barriers, { title: walls, lossTitle: 'cross-entropy (nats)' }),
    },
    ...(['scaled', 'translated'] as const).map((set) => overlapFigure(trained, set, testSets)),
  ];
}

function overlapFigure(trained: readonly TrainedModel[], set: SetName, testSets: TestSets): StudyFigure {
  const title = `Digits that models get wrong together, ${setTitles[set]}`;
  const models = {
    'CNN (teacher)': inTrial(trained, 0, 'CNN'),
    MLP: inTrial(trained, 0, 'MLP'),
    'CNN → MLP': inTrial(trained, 0, 'CNN → MLP'),
  };
  return {
    title,
    note: 'As Figures 11 and 12: the first trial. The student should err less, and where its teacher errs.',
    specification: errorOverlapBars(overlapOf(models, set, testSets), { title }),
  };
}
