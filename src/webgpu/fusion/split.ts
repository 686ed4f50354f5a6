/** What a kernel is for, divided where it would bind more buffers than a device lets it. */
import type { Shader } from './shader.ts';
import type { DeviceShape } from './walk.ts';

/** Whether a kernel binds no more than a device lets it. */
export function fits({ reads, writes }: Shader, { mostBuffers, mostWrites }: DeviceShape): boolean {
  return reads.length + writes.length <= mostBuffers && writes.length <= mostWrites;
}

/**
 * Kernels that do all of some work, few of them, each within a device's limits; undefined where one piece of work alone
 * exceeds them. `write` makes the kernel of some pieces.
 */
export function splitWork<Piece, Kernel extends { readonly shader: Shader }>(
  pieces: readonly Piece[],
  write: (pieces: readonly Piece[]) => Kernel,
  device: DeviceShape,
): readonly Kernel[] | undefined {
  if (pieces.length === 0) return [];
  const whole = write(pieces);
  if (fits(whole.shader, device)) return [whole];
  const kernels: Kernel[] = [];
  let begun: readonly Piece[] = [];
  for (const piece of pieces) {
    const more = write([...begun, piece]);
    if (fits(more.shader, device)) {
      begun = [...begun, piece];
      kernels[Math.max(0, kernels.length - 1)] = more;
      continue;
    }
    const alone = write([piece]);
    if (!fits(alone.shader, device)) return undefined;
    begun = [piece];
    kernels.push(alone);
  }
  return kernels;
}
