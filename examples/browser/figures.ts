/** The page's figures, as SVG in a square of 100 × 100. */
import type { CalibrationBin } from 'dark-knowledge';

/** Puts text into the element of this id. */
export function show(id: string, text: string): void {
  const element = document.getElementById(id);
  if (element) element.textContent = text;
}

/** Numbers in [0, 1] as a line from left to right. */
export function drawCurve(id: string, values: readonly number[]): void {
  const points = values.map((value, at) => `${(100 * (at + 1)) / values.length},${100 - 100 * value}`);
  draw(
    id,
    `<polyline points="0,100 ${points.join(' ')}" fill="none" stroke="#2457a8" vector-effect="non-scaling-stroke"/>`,
  );
}

/** A bar for each bin that holds samples, and the diagonal of perfect calibration. */
export function drawReliability(id: string, bins: readonly CalibrationBin[]): void {
  const bars = bins.map(({ lower, upper, accuracy }) =>
    accuracy === null
      ? ''
      : `<rect x="${100 * lower}" y="${100 - 100 * accuracy}" width="${100 * (upper - lower) - 0.5}" ` +
        `height="${100 * accuracy}" fill="#7aa6d8"/>`,
  );
  const diagonal = '<line x1="0" y1="100" x2="100" y2="0" stroke="#b03a2e" vector-effect="non-scaling-stroke"/>';
  draw(id, bars.join('') + diagonal);
}

function draw(id: string, content: string): void {
  const element = document.getElementById(id);
  if (element) element.innerHTML = content;
}
