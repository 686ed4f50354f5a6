import { describe, expect, it } from 'vitest';
import { guttmanTransform, measureDistances } from '../../../src/metrics/embedding/guttmanTransform.ts';
import { limitedMemory } from '../../../src/metrics/embedding/limitedMemory.ts';
import { smacof } from '../../../src/metrics/embedding/smacof.ts';
import { randomNormal, randomUniform } from '../../../src/random.ts';
import { expectDeepClose } from '../../support/deepClose.ts';

const normals = (seed: number, count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, index) => randomNormal(seed, index));
const distances = (seed: number, size: number): Float64Array =>
  Float64Array.from({ length: (size * (size - 1)) / 2 }, (_, index) => 1 + randomUniform(seed, index));

describe('guttmanTransform', () => {
  it('moves each point to the mean of where its pairs would have it, in any number of dimensions', () => {
    for (const [size, dimensions] of [
      [1, 2],
      [2, 2],
      [5, 2],
      [6, 2],
      [5, 1],
      [6, 3],
    ] as const) {
      const x = normals(size, size * dimensions);
      const targets = distances(dimensions, size);
      const moved = new Float64Array(x.length);
      guttmanTransform(x, size, dimensions, targets, moved);
      const at = (point: number, axis: number): number => x[axis * size + point]!;
      const target = (i: number, j: number): number =>
        i > j ? target(j, i) : targets[i * size - (i * (i + 1)) / 2 + j - i - 1]!;
      const expected = x.map((_, index) => {
        const [axis, i] = [Math.floor(index / size), index % size];
        let sum = 0;
        for (let j = 0; j < size; j++) {
          if (j === i) continue;
          const distance = Math.hypot(...Array.from({ length: dimensions }, (_, a) => at(i, a) - at(j, a)));
          sum += (target(i, j) / distance) * (at(i, axis) - at(j, axis));
        }
        return sum / size;
      });
      expectDeepClose(Array.from(moved), Array.from(expected), 1e-12);
    }
  });

  it('leaves coincident points where they are', () => {
    const moved = new Float64Array(6);
    guttmanTransform(new Float64Array(6), 3, 2, Float64Array.of(1, 1, 1), moved);
    expect(Array.from(moved)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('limitedMemory', () => {
  it('meets the secant equation: what a step did to the gradient leads back to the step', () => {
    const memory = limitedMemory(4, 3);
    for (let step = 0; step < 6; step++) {
      const taken = normals(step, 4);
      const change = taken.map((value, index) => (index + 1) * value);
      memory.learn(taken, change);
      const product = new Float64Array(4);
      memory.apply(change, product);
      expectDeepClose(Array.from(product), Array.from(taken), 1e-10);
    }
  });

  it('returns the gradient itself before any step, and learns nothing where the curvature is not positive', () => {
    const memory = limitedMemory(2, 3);
    memory.learn(Float64Array.of(1, 0), Float64Array.of(-1, 0));
    const product = new Float64Array(2);
    memory.apply(Float64Array.of(3, 4), product);
    expect(Array.from(product)).toEqual([3, 4]);
  });
});

describe('smacof', () => {
  it('never raises the stress from one iteration to the next, before and after its quasi-Newton steps begin', () => {
    const size = 30;
    const pairs = distances(1, size);
    const problem = { size, dimensions: 2, pairs, tolerance: 0 };
    let before = Number.POSITIVE_INFINITY;
    for (let maxIterations = 0; maxIterations < 60; maxIterations++) {
      const { stress, coordinates, squares } = smacof({ ...problem, maxIterations }, normals(2, 2 * size));
      expect(stress).toBeLessThanOrEqual(before);
      before = stress;
      const planar = coordinates.map((_, at) => coordinates[(at % size) * 2 + Math.floor(at / size)]!);
      const found = new Float64Array(pairs.length);
      measureDistances(planar, size, found);
      expectDeepClose(
        squares,
        found.reduce((sum, value) => sum + value * value, 0),
        1e-9,
      );
    }
  });

  it('ends where the gradient vanishes', () => {
    const size = 30;
    const pairs = distances(1, size);
    const run = smacof({ size, dimensions: 2, pairs, tolerance: 0, maxIterations: 1000 }, normals(2, 2 * size));
    const planar = run.coordinates.map((_, at) => run.coordinates[(at % size) * 2 + Math.floor(at / size)]!);
    const moved = new Float64Array(2 * size);
    guttmanTransform(planar, size, 2, pairs, moved);
    expect(run.converged).toBe(true);
    expect(Math.max(...moved.map((value, at) => Math.abs(value - planar[at]!)))).toBeLessThan(1e-6);
  });
});
