import type { Backend, Shape } from '../backend.ts';
import { checkSameShape, rangeError } from '../check.ts';

/** Requires a mask, where one is given, of the shape of something and, where reading is free, of zeros and ones. */
export function checkMask<T>(backend: Backend<T>, where: string, mask: T | undefined, of: string, shape: Shape): void {
  if (mask === undefined) return;
  checkSameShape(where, 'mask', backend.shapeOf(mask), of, shape);
  for (const entry of backend.readSync?.(mask).data ?? []) {
    if (entry !== 0 && entry !== 1) throw rangeError(where, 'mask', '1 for what counts and 0 for what does not', entry);
  }
}
