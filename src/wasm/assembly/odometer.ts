// Walks the outer axes of an operation. The host writes a plan: for each axis, from the innermost outwards, five 32-bit
// numbers: extent, counter (0 at the start), and the byte strides of up to three operands.

/** Byte offsets of the operands at the current position. */
export let offset0: usize = 0;
export let offset1: usize = 0;
export let offset2: usize = 0;

/** Goes to the first position. */
@inline
export function resetOffsets(): void {
  offset0 = 0;
  offset1 = 0;
  offset2 = 0;
}

/** Goes to the next position. False when there is none; the counters are then 0 again. */
export function step(plan: usize, axes: usize): bool {
  for (let axis: usize = 0; axis < axes; axis++, plan += 20) {
    const counter = load<u32>(plan, 4) + 1;
    if (counter < load<u32>(plan)) {
      store<u32>(plan, counter, 4);
      offset0 += load<u32>(plan, 8);
      offset1 += load<u32>(plan, 12);
      offset2 += load<u32>(plan, 16);
      return true;
    }
    store<u32>(plan, 0, 4);
    offset0 -= (counter - 1) * load<u32>(plan, 8);
    offset1 -= (counter - 1) * load<u32>(plan, 12);
    offset2 -= (counter - 1) * load<u32>(plan, 16);
  }
  return false;
}
