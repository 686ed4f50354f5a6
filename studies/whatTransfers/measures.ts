/** What is measured of a student beside its teacher: where it looks, what fools it, what it is invariant to, what it answers. */
import * as tf from '@tensorflow/tfjs-core';
import {
  accuracy,
  agreement,
  ckaMatrix,
  crossEntropy,
  gradCam,
  type HostTensor,
  invariance,
  iterativeFgsmOn,
  measure,
  saliencyTransfer,
  shapeBias,
  studentFoolingRate,
  tensor,
} from 'dark-knowledge';
import { tfjsBackend, tfjsLoss } from 'dark-knowledge/tfjs';
import { type UnseenName, unseenNames } from '../data/unseenDomains.ts';
import { type LayeredNetwork, type LayerName, layerNames } from '../models/layeredNetwork.ts';
import type { TestViews } from './images.ts';

/** A network's answers to every view, and where it looks. */
export interface Answers {
  readonly plain: HostTensor;
  readonly jittered: HostTensor;
  readonly shifted: readonly [HostTensor, HostTensor];
  readonly unseen: Readonly<Record<UnseenName, HostTensor>>;
  /** Grad-CAM of the true class, on the third convolution. */
  readonly maps: HostTensor;
}

const batchSize = 200;

export async function answersOf(network: LayeredNetwork, views: TestViews): Promise<Answers> {
  const to = (images: tf.Tensor4D) => logitsOn(network, images);
  const unseen: Partial<Record<UnseenName, HostTensor>> = {};
  for (const name of unseenNames) unseen[name] = await to(views.unseen[name]);
  return {
    plain: await to(views.plain),
    jittered: await to(views.jittered),
    shifted: [await to(views.shifted[0]), await to(views.shifted[1])],
    unseen: unseen as Record<UnseenName, HostTensor>,
    maps: await saliencyMaps(network, views),
  };
}

export function logitsOn(network: LayeredNetwork, images: tf.Tensor4D): Promise<HostTensor> {
  return byBatches(images.shape[0], (from, size) => network.apply(tf.slice(images, from, size)).logits);
}

/**
 * Images that iterative FGSM makes on a network to fool it. In batches: an image's own gradient is all that moves it, and those of
 * all images at once would hold every activation of theirs.
 */
export async function attackOn(
  network: LayeredNetwork,
  { plain, labels }: TestViews,
  epsilon: number,
): Promise<tf.Tensor4D> {
  const loss = tfjsLoss(crossEntropy());
  const parts: tf.Tensor4D[] = [];
  for (let from = 0; from < labels.length; from += batchSize) {
    const own = labels.slice(from, from + batchSize);
    const images = tf.slice(plain, from, own.length);
    const classNumbers = tf.tensor1d(own, 'int32');
    const adversarial = await iterativeFgsmOn<tf.Tensor>(tfjsBackend(), {
      images,
      gradient: (moved) =>
        tf.grad((pixels) =>
          loss({
            studentLogits: network.apply(pixels as tf.Tensor4D, { differentiateImages: true }).logits,
            labels: classNumbers,
          }),
        )(moved),
      epsilon,
    });
    tf.dispose([images, classNumbers]);
    parts.push(adversarial as tf.Tensor4D);
  }
  const all = tf.concat(parts);
  tf.dispose(parts);
  return all;
}

/** An attack, and what the network that it was made on answers. */
export interface Attack {
  readonly images: tf.Tensor4D;
  readonly clean: HostTensor;
  readonly adversarial: HostTensor;
}

/** How often what fools the attacked network fools another one. */
export async function fooling(attack: Attack, network: LayeredNetwork, clean: HostTensor) {
  return measure(studentFoolingRate(), {
    teacherCleanLogits: attack.clean,
    teacherAdversarialLogits: attack.adversarial,
    studentCleanLogits: clean,
    studentAdversarialLogits: await logitsOn(network, attack.images),
  });
}

/** CKA of each layer with the teacher's same layer, on the first images. */
export async function layerSimilarity(
  student: LayeredNetwork,
  teacher: LayeredNetwork,
  { plain }: TestViews,
  images: number,
) {
  const part = tf.slice(plain, 0, Math.min(images, plain.shape[0]));
  const layersOf = async (network: LayeredNetwork): Promise<readonly HostTensor[]> => {
    const layers = tf.tidy(() => network.apply(part).layers);
    const read = await Promise.all(layerNames.map((name) => toHost(layers[name])));
    tf.dispose(layers);
    return read;
  };
  const named = (who: string, layers: readonly HostTensor[]) =>
    layers.map((layer, at) => [`${who} ${layerNames[at]}`, layer]);
  const [x, y] = [layerNames.map((name) => `student ${name}`), layerNames.map((name) => `teacher ${name}`)];
  const inputs = [...named('student', await layersOf(student)), ...named('teacher', await layersOf(teacher))];
  part.dispose();
  return measure(ckaMatrix({ x, y, debiased: true }), Object.fromEntries(inputs) as Record<string, HostTensor>);
}

/** What needs no other network than teacher and student. */
export function compared(student: Answers, teacher: Answers, views: TestViews) {
  const consensus = (of: (answers: Answers) => HostTensor) =>
    measure(agreement(), { studentLogits: of(student), teacherLogits: of(teacher) });
  return {
    accuracy: measure(accuracy(), { logits: student.plain, labels: views.labels }).value,
    colourInvariance: measure(invariance(), { logits: student.plain, viewLogits: student.jittered }),
    shiftInvariance: measure(invariance(), { logits: student.shifted[0], viewLogits: student.shifted[1] }),
    consensus: consensus(({ plain }) => plain),
    consensusUnseen: Object.fromEntries(
      unseenNames.map((name) => [name, consensus(({ unseen }) => unseen[name]).value]),
    ) as Record<UnseenName, number>,
    shapeBias: measure(shapeBias(), {
      logits: student.unseen['cue conflict'],
      shapeLabels: views.labels,
      textureLabels: views.textureLabels,
    }),
  };
}

/** Whether the teacher looks where a student does more than where another one does. */
export function looksAlike(teacher: Answers, student: Answers, other: Answers) {
  return measure(saliencyTransfer(), {
    teacherMaps: teacher.maps,
    distilledMaps: student.maps,
    independentMaps: other.maps,
  });
}

async function saliencyMaps(network: LayeredNetwork, { plain, labels }: TestViews): Promise<HostTensor> {
  const { classes } = network.sizes;
  const oneHot = new Float32Array(labels.length * classes);
  labels.forEach((label, row) => {
    oneHot[row * classes + label] = 1;
  });
  const chosen = tf.tensor2d(oneHot, [labels.length, classes]);
  const both = (from: number, size: number) =>
    tf.tidy(() => {
      const activations = network.apply(tf.slice(plain, from, size)).layers[mapLayer] as tf.Tensor4D;
      const gradients = tf.grad((map) => network.head(map as tf.Tensor4D))(activations, tf.slice(chosen, from, size));
      return { activations, gradients: gradients as tf.Tensor4D };
    });
  const parts: HostTensor[] = [];
  for (let from = 0; from < labels.length; from += batchSize) {
    const { activations, gradients } = both(from, Math.min(batchSize, labels.length - from));
    parts.push(gradCam({ activations: await toHost(activations), gradients: await toHost(gradients) }));
    tf.dispose([activations, gradients]);
  }
  chosen.dispose();
  return joined(parts);
}

const mapLayer: LayerName = 'convolution 3';

async function byBatches(count: number, compute: (from: number, size: number) => tf.Tensor): Promise<HostTensor> {
  const parts: HostTensor[] = [];
  for (let from = 0; from < count; from += batchSize) {
    const made = tf.tidy(() => compute(from, Math.min(batchSize, count - from)));
    parts.push(await toHost(made));
    made.dispose();
  }
  return joined(parts);
}

async function toHost(values: tf.Tensor): Promise<HostTensor> {
  return tensor((await values.data()) as Float32Array, values.shape);
}

/** One after another along the first axis. */
function joined(parts: readonly HostTensor[]): HostTensor {
  const data = Float64Array.from(parts.flatMap((part) => Array.from(part.data)));
  const rows = parts.reduce((total, { shape }) => total + shape[0]!, 0);
  return tensor(data, [rows, ...parts[0]!.shape.slice(1)]);
}
