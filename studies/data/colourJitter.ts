/** Colour jitter, as it is trained with: brightness, contrast and saturation by random factors, the hue turned. */
import { deriveSeed, randomUniform } from 'dark-knowledge';

/** How far brightness, contrast and saturation are from 1 at most, and by how many turns the hue is turned at most. */
export interface JitterStrength {
  readonly factors: number;
  readonly hue: number;
}

/** That of the paper's teacher (Ojha and others, 2023, §4.3). */
export const trainingJitter: JitterStrength = { factors: 0.4, hue: 0.2 };

/** Changes an image [..., 3] in place, values kept in [0, 1]; which changes is drawn from the seed and the image's number. */
export function jitterColours(
  image: Float32Array,
  { factors, hue }: JitterStrength,
  seed: number,
  index: number,
): void {
  const own = deriveSeed(seed, index);
  const factor = (part: number): number => 1 + factors * (2 * randomUniform(own, part) - 1);
  const [brightness, contrast, saturation] = [factor(0), factor(1), factor(2)];
  const turn = 2 * Math.PI * hue * (2 * randomUniform(own, 3) - 1);
  let mean = 0;
  for (let at = 0; at < image.length; at += 3) mean += luma(image, at);
  mean *= (3 * brightness) / image.length;
  const [cosine, sine] = [Math.cos(turn), Math.sin(turn)];
  for (let at = 0; at < image.length; at += 3) {
    const level = mean + contrast * (brightness * luma(image, at) - mean);
    // Colour as two differences from the grey, of which a turn of the hue is a rotation (YIQ).
    const [red, green, blue] = [image[at]!, image[at + 1]!, image[at + 2]!];
    const i = 0.596 * red - 0.274 * green - 0.322 * blue;
    const q = 0.211 * red - 0.523 * green + 0.312 * blue;
    const strength = brightness * contrast * saturation;
    const [turnedI, turnedQ] = [strength * (cosine * i - sine * q), strength * (sine * i + cosine * q)];
    image[at] = inRange(level + 0.956 * turnedI + 0.621 * turnedQ);
    image[at + 1] = inRange(level - 0.272 * turnedI - 0.647 * turnedQ);
    image[at + 2] = inRange(level - 1.106 * turnedI + 1.703 * turnedQ);
  }
}

function luma(image: Float32Array, at: number): number {
  return 0.299 * image[at]! + 0.587 * image[at + 1]! + 0.114 * image[at + 2]!;
}

function inRange(value: number): number {
  return Math.min(1, Math.max(0, value));
}
