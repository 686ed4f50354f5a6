/**
 * How does a student deviate from its teacher, and when does it gain by it? Networks teach themselves on few digits, with
 * right and with noisy labels, by teachers that fit all labels and by one that does not.
 */
import { deriveSeed } from 'dark-knowledge';
import { loadMnist } from '../examples/mnist/data.ts';
import { someSamples } from './data/samples.ts';
import { claimsOf } from './deviations/claims.ts';
import { figuresOf, tablesOf } from './deviations/pictures.ts';
import { type DeviationSettings, settingsOf } from './deviations/settings.ts';
import { runTrial } from './deviations/trial.ts';
import type { Findings, Study, StudyContext } from './study.ts';

export const deviations: Study = {
  name: 'deviations',
  title: 'Deviations of students from their teachers',
  paper:
    'Nagarajan, Menon, Bhojanapalli, Mobahi and Kumar, On student-teacher deviations in distillation: does it pay to ' +
    'disobey? (2023), §§3–5, Tables 2–4, appendices B–E',
  run,
};

async function run({ scale, seed, once, each, progress }: StudyContext): Promise<Findings> {
  const settings = settingsOf[scale];
  const mnist = loadMnist();
  const test = someSamples(mnist.test, settings.testImages, deriveSeed(seed, 1));
  const trials = await each([...Array(settings.trials).keys()], async (trial) => {
    const own = { trial, settings, pool: mnist.train, test, seed: deriveSeed(seed, 10 + trial) };
    const found = await runTrial({ ...own, once, progress });
    progress(`trial ${trial + 1} of ${settings.trials} is done`, true);
    return found;
  });
  return {
    settings: { ...settings, seed, optimizer: 'Adam, its rate falling to 0 along half a cosine' },
    tables: tablesOf(trials),
    figures: figuresOf(trials[0]!),
    claims: claimsOf(trials),
    remarks: remarksOf(settings),
    measurements: trials.map(({ pictures: _, ...measured }) => measured),
  };
}

function remarksOf({ images, trials, noise }: DeviationSettings): readonly string[] {
  return [
    `Digits in place of CIFAR, ImageNet and language, which may not be here: ${images} of them a trial, so that test accuracy leaves room. The paper’s appendix D has digits too.`,
    `Each of ${trials} trials draws its own training images; teacher and student of one kind start from the same weights and see the same order, so that the teacher is its student on labels.`,
    `Noisy labels: ${noise * 100} % of them, each drawn evenly among the other digits.`,
    'The teacher that does not interpolate is trained on half of the images to the end, and teaches on all of them, as in §5.2.',
    'Ways of weights are those of what training has added to the first weights, since a network cannot start from 0 as the theorem does. Numbers of the paper’s Tables 3 to 6 are lacking in the text at hand.',
  ];
}
