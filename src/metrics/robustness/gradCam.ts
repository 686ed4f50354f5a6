import type { Backend } from '../../backend.ts';
import { checkIsBackend, checkNoNaN, checkNotEmpty, checkRank, checkSameShape } from '../../check.ts';
import { hostInputs, type Inputs, inputsOn } from '../../inputs.ts';
import type { FeatureLayout } from '../../ops/affine.ts';
import { flag, readOptions, word } from '../../options.ts';
import type { HostTensor, TensorLike } from '../../tensor.ts';

/** Options of `gradCam`. */
export interface GradCamOptions {
  /** `'channelsLast'`: [batch, height, width, channels], the default. `'channelsFirst'`: [batch, channels, height, width]. */
  readonly layout?: FeatureLayout;
  /** Whether what speaks against the class is cut off at 0, as in the paper. Default true; false keeps its sign. */
  readonly rectify?: boolean;
  /**
   * A map of each channel, α_c·A_c, in the layout of the activations, in place of their sum: which channels the score rests
   * on. Each is rectified by itself, where maps are rectified. Default false.
   */
  readonly perChannel?: boolean;
}

const owner = { name: 'gradCam', inputs: ['activations', 'gradients'], optionalInputs: [] } as const;

/**
 * Grad-CAM: which places of an image a model's score of a class rests on. With activations A of a convolution layer and
 * gradients G = ∂score/∂A,
 *
 *     α_c = mean of G over the places of channel c        map = max(0, Σ_c α_c·A_c)
 *
 * The score is the logit of one class, in the paper on dark knowledge the ground-truth class. A map may be zero everywhere;
 * what compares maps counts such images apart.
 *
 * @param inputs `activations` and `gradients` [batch, height, width, channels], or channels first.
 * @returns Maps [batch, height, width] on the layer's own grid, ≥ 0 unless `rectify` is false, in float64; with `perChannel` in the
 * shape of the activations.
 * @throws RangeError for NaN in either input.
 * @example
 * const maps = gradCam({ activations: [[[[1, 2]]]], gradients: [[[[0.5, 0.25]]]] }); // shape [1, 1, 1], value 1
 * const signed = gradCam({ activations: [[[[1, 2]]]], gradients: [[[[-1, 0.25]]]] }, { rectify: false }); // value −0.5
 * @see Selvaraju et al.: Grad-CAM (2017), arXiv 1610.02391
 */
export function gradCam(
  inputs: Inputs<'activations' | 'gradients', never, TensorLike>,
  options: GradCamOptions = {},
): HostTensor {
  const { layout, rectify, perChannel } = checkOptions(options);
  const { activations, gradients } = hostInputs(owner, inputs);
  checkPair(activations.shape, gradients.shape);
  for (const [name, { data }] of Object.entries({ activations, gradients })) {
    checkNoNaN(owner.name, name, data);
  }
  const [batch, first, second, third] = activations.shape as [number, number, number, number];
  const [height, width, channels] = layout === 'channelsLast' ? [first, second, third] : [second, third, first];
  const places = height * width;
  const [placeStride, channelStride] = layout === 'channelsLast' ? [channels, 1] : [1, places];
  const maps = new Float64Array(perChannel ? activations.data.length : batch * places);
  for (let image = 0; image < batch; image++) {
    const start = image * places * channels;
    for (let channel = 0; channel < channels; channel++) {
      let weight = 0;
      for (let place = 0; place < places; place++) {
        weight += gradients.data[start + place * placeStride + channel * channelStride]!;
      }
      weight /= places;
      for (let place = 0; place < places; place++) {
        const at = start + place * placeStride + channel * channelStride;
        maps[perChannel ? at : image * places + place]! += weight * activations.data[at]!;
      }
    }
  }
  const shape = perChannel ? activations.shape : [batch, height, width];
  return { data: rectify ? maps.map((value) => Math.max(0, value)) : maps, shape };
}

/**
 * `gradCam` on tensors of any backend; nothing is read. NaN stays NaN, and the metric that compares the maps refuses it.
 *
 * @returns Maps [batch, height, width], or in the shape of the activations, which the caller owns.
 * @example
 * const maps = gradCamOn(tfjsBackend(), { activations, gradients });
 */
export function gradCamOn<T>(
  backend: Backend<T>,
  inputs: Inputs<'activations' | 'gradients', never, NoInfer<T> | TensorLike>,
  options: GradCamOptions = {},
): T {
  checkIsBackend('gradCamOn', backend);
  const { layout, rectify, perChannel } = checkOptions(options);
  return backend.scope(() => {
    const { activations, gradients } = inputsOn(backend, owner, inputs);
    const shape = backend.shapeOf(activations);
    checkPair(shape, backend.shapeOf(gradients));
    const [spatial, channel] = layout === 'channelsLast' ? [[1, 2], 3] : [[2, 3], 1];
    const places = spatial.reduce((count, axis) => count * shape[axis]!, 1);
    const sums = backend.sum(gradients, { axis: spatial, keepDims: true });
    const weights = backend.divide(sums, backend.scalar(places));
    const weighted = backend.multiply(activations, weights);
    const maps = perChannel ? weighted : backend.sum(weighted, { axis: channel });
    return rectify ? backend.maximum(maps, backend.scalar(0)) : maps;
  });
}

function checkOptions(options: GradCamOptions): Required<GradCamOptions> {
  return readOptions(owner.name, options, {
    layout: word(['channelsLast', 'channelsFirst'], 'channelsLast'),
    rectify: flag(true),
    perChannel: flag(false),
  });
}

function checkPair(activations: readonly number[], gradients: readonly number[]): void {
  checkRank(owner.name, 'activations', activations, 4, '[batch, height, width, channels]');
  checkNotEmpty(owner.name, 'activations', activations);
  checkSameShape(owner.name, 'gradients', gradients, 'activations', activations);
}
