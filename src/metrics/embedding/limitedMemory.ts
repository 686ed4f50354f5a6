/** A quasi-Newton estimate of an inverse Hessian from the last few steps (L-BFGS), in memory made once. */

export interface LimitedMemory {
  /** Writes the inverse Hessian's product with `gradient`. Before any step is known, that is `gradient` itself. */
  apply(gradient: Float64Array, product: Float64Array): void;
  /** Learns from a step and from what it did to the gradient; a step without positive curvature teaches nothing. */
  learn(step: Float64Array, change: Float64Array): void;
}

/**
 * Keeps the last `capacity` steps of vectors of `length` numbers.
 *
 * @see Nocedal, "Updating quasi-Newton matrices with limited storage", 1980.
 */
export function limitedMemory(length: number, capacity: number): LimitedMemory {
  const slots = Array.from({ length: capacity }, () => ({
    step: new Float64Array(length),
    change: new Float64Array(length),
    curvature: 0,
    share: 0,
  }));
  let learnt = 0;
  const slot = (at: number) => slots[at % capacity]!;

  return {
    apply(gradient, product) {
      const oldest = Math.max(0, learnt - capacity);
      product.set(gradient);
      for (let at = learnt - 1; at >= oldest; at--) {
        const known = slot(at);
        known.share = dot(known.step, product) / known.curvature;
        addScaled(product, -known.share, known.change);
      }
      if (learnt > 0) {
        const { change, curvature } = slot(learnt - 1);
        const scale = curvature / dot(change, change);
        for (let index = 0; index < length; index++) product[index]! *= scale;
      }
      for (let at = oldest; at < learnt; at++) {
        const { step, change, curvature, share } = slot(at);
        addScaled(product, share - dot(change, product) / curvature, step);
      }
    },
    learn(step, change) {
      const curvature = dot(step, change);
      if (!(curvature > 1e-12 * dot(change, change))) return;
      const next = slot(learnt++);
      next.step.set(step);
      next.change.set(change);
      next.curvature = curvature;
    },
  };
}

/** Σ a b. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}

function addScaled(target: Float64Array, scale: number, x: Float64Array): void {
  for (let index = 0; index < target.length; index++) target[index]! += scale * x[index]!;
}
