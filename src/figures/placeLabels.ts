/** Names beside points, none over another and none over a point, as far as there is room. */
import { textWidth } from './words.ts';

/** A point with its name, in pixels from the top left corner. */
export interface LabelledPoint {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** Where a name is written. */
export interface LabelPlace {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly align: 'left' | 'center' | 'right';
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const fontSize = 11;
const reach = 8;

/**
 * Places for names: to the right of their points, else to the left, above, below or between; a name without a free place is left out.
 *
 * @param size The plot's size in pixels, which names do not leave.
 */
export function placeLabels(
  points: readonly LabelledPoint[],
  { width, height }: { readonly width: number; readonly height: number },
): LabelPlace[] {
  const taken: Box[] = points.map(({ x, y }) => ({ left: x - 5, right: x + 5, top: y - 5, bottom: y + 5 }));
  const free = (box: Box): boolean =>
    box.top >= 0 &&
    box.bottom <= height &&
    taken.every(
      (other) =>
        box.right <= other.left || box.left >= other.right || box.bottom <= other.top || box.top >= other.bottom,
    );
  return points.flatMap(({ x, y, text }): LabelPlace[] => {
    // Letters are narrower than Vega guesses: that matters at the plot's edge, but not between names.
    const guessed = textWidth(text, fontSize);
    const length = 0.75 * guessed;
    const half = fontSize / 2 + 1;
    const tries: readonly (LabelPlace & { readonly left: number })[] = [
      { x: x + reach, y, text, align: 'left', left: x + reach },
      { x: x - reach, y, text, align: 'right', left: x - reach - length },
      { x, y: y - 14, text, align: 'center', left: x - length / 2 },
      { x, y: y + 14, text, align: 'center', left: x - length / 2 },
      { x: x + 4, y: y - 12, text, align: 'left', left: x + 4 },
      { x: x + 4, y: y + 12, text, align: 'left', left: x + 4 },
      { x: x - 4, y: y - 12, text, align: 'right', left: x - 4 - length },
      { x: x - 4, y: y + 12, text, align: 'right', left: x - 4 - length },
    ];
    for (const { left, ...place } of tries) {
      const box = { left, right: left + length, top: place.y - half, bottom: place.y + half };
      const overflow = place.align === 'center' ? (guessed - length) / 2 : guessed - length;
      const isInside = box.left - overflow >= 0 && box.right + overflow <= width;
      if (!isInside || !free(box)) continue;
      taken.push(box);
      return [place];
    }
    return [];
  });
}
