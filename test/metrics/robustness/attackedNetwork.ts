/** The network of one hidden layer that the attacks are tried on, and what PyTorch made of it. */
import { readFileSync } from 'node:fs';
import { crossEntropy, type HostTensor, valueAndGradients } from 'dark-knowledge';

/** By PyTorch's autograd: see the script of the same name. */
export const reference = JSON.parse(
  readFileSync(new URL('../../fixtures/robustness.json', import.meta.url), 'utf8'),
) as {
  readonly images: number[][];
  readonly first: number[][];
  readonly second: number[][];
  readonly labels: number[];
  readonly path: number[][][];
  readonly large: number[][];
  readonly targeted: number[][];
};
export const { images, first, second, labels } = reference;

/** The gradient of the cross-entropy of tanh(x·first)·second in x, by hand. */
export function gradientFor(targets: readonly number[]) {
  return ({ data, shape }: HostTensor): HostTensor => {
    const [batch, width] = shape as [number, number];
    const hidden = Array.from({ length: batch }, (_, row) =>
      first[0]!.map((_, unit) =>
        Math.tanh(first.reduce((sum, weights, pixel) => sum + weights[unit]! * data[row * width + pixel]!, 0)),
      ),
    );
    const logits = hidden.map((units) =>
      second[0]!.map((_, label) => units.reduce((sum, unit, index) => sum + unit * second[index]![label]!, 0)),
    );
    const { gradients } = valueAndGradients(crossEntropy({ reduction: 'sum' }), {
      studentLogits: logits,
      labels: targets,
    });
    const classes = second[0]!.length;
    const result = new Float64Array(data.length);
    for (let row = 0; row < batch; row++) {
      for (let unit = 0; unit < first[0]!.length; unit++) {
        let inward = 0;
        for (let label = 0; label < classes; label++) {
          inward += gradients.studentLogits.data[row * classes + label]! * second[unit]![label]!;
        }
        inward *= 1 - hidden[row]![unit]! ** 2;
        for (let pixel = 0; pixel < width; pixel++) result[row * width + pixel]! += inward * first[pixel]![unit]!;
      }
    }
    return { data: result, shape };
  };
}
