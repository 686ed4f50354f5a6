/** What a plan comes to in WGSL, without a device. */
import { type AnyLoss, jensenShannon, klDivergence, valueAndGradientsOn } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/fusion/plan.ts';
import { emitProgram } from '../../src/webgpu/fusion/emitProgram.ts';
import type { DeviceShape } from '../../src/webgpu/fusion/walk.ts';
import { planOf } from '../support/plans.ts';

const device: DeviceShape = { subgroupSize: 0, mostLanes: 256, mostBuffers: 8, mostWrites: 8 };

/** The kernels that run for a plan. */
function kernelsOf(plan: Plan, shape: Partial<DeviceShape> = {}) {
  const program = emitProgram(plan, { ...device, ...shape });
  return program?.kernels.filter(({ geometry }) => geometry(plan) !== undefined);
}

const planOfLoss = (loss: unknown, rows: number, classes: number): Plan => {
  const shape = [rows, classes];
  return planOf([shape, shape], (b, [studentLogits, teacherLogits]) => {
    const inputs = { studentLogits: studentLogits!, teacherLogits: teacherLogits! };
    const { value, gradients } = valueAndGradientsOn(b, loss as AnyLoss, inputs);
    return [value, gradients.studentLogits!];
  });
};
const kl = (rows: number, classes: number, temperature = 4): Plan =>
  planOfLoss(klDivergence({ temperature }), rows, classes);

describe('a plan as kernels', () => {
  it('KL with its gradient is one kernel over the rows, and one that joins what workgroups have left', () => {
    const kernels = kernelsOf(kl(6, 1000));
    expect(kernels?.map(({ program }) => program.name)).toEqual(['fused values and sums', 'fused results']);
    // Both logits are read, the gradient and parts of the value written.
    expect(kernels?.map(({ reads, writes }) => [reads.length, writes.length])).toEqual([
      [2, 2],
      [1, 1],
    ]);
  });

  it('where a kernel has one output, value and gradient are kernels of their own', () => {
    const kernels = kernelsOf(kl(6, 1000), { mostWrites: 1 });
    expect(kernels?.map(({ program }) => program.name)).toEqual(['fused sums', 'fused values', 'fused results']);
    for (const { writes } of kernels!) expect(writes).toHaveLength(1);
  });

  it('the walk for the digits of nearly equal sides is passed over by rows without a need for it', () => {
    const [{ program }] = kernelsOf(kl(6, 1000)) as [NonNullable<ReturnType<typeof kernelsOf>>[number]];
    const guarded = program.body.split('\n').filter((line, at, lines) => {
      return /^\s*if \(v\d+\) \{$/.test(line) && lines.slice(at + 1, at + 4).some((next) => /blocks|for \(/.test(next));
    });
    expect(guarded).toHaveLength(1);
  });

  it('a large body is not copied in its loop: drivers take minutes for what is four times as long', () => {
    const plan = planOfLoss(jensenShannon({ beta: 0.3 }), 6, 1000);
    const [{ program }] = kernelsOf(plan) as [NonNullable<ReturnType<typeof kernelsOf>>[number]];
    expect(program.body.match(/logarithm\(/g)!.length).toBeLessThan(20);
    // The walk for the maxima is short, and copied.
    expect(program.body).toContain('let at3 = ');
  });

  it('sources do not depend on sizes or temperatures, but on how rows are walked', () => {
    const sources = (plan: Plan): readonly string[] => kernelsOf(plan)!.map(({ source }) => source);
    // No number of rows, nor its inverse, is a constant of the formula: equal constants are one.
    expect(sources(kl(11, 1010, 3))).toEqual(sources(kl(13, 1000)));
    expect(sources(kl(13, 10))).not.toEqual(sources(kl(13, 1000)));
  });

  it('a single row is divided among workgroups where nothing of it goes back into it', () => {
    const walks = (plan: Plan): readonly number[] => kernelsOf(plan)!.map(({ geometry }) => geometry(plan)!.units);
    expect(walks(planOf([[100_000]], (b, [x]) => b.sum(b.exp(x!))))[0]).toBeGreaterThan(1);
    expect(walks(planOf([[1, 100_000]], (b, [x]) => b.exp(b.logSoftmax!(x!))))[0]).toBe(1);
  });

  it('sums of columns are joined where rows are divided', () => {
    const names = (rows: number): readonly string[] => {
      const plan = planOf([[rows, 5]], (b, [x]) => b.sum(b.exp(x!), { axis: 0 }));
      return kernelsOf(plan)!.map(({ program }) => program.name);
    };
    expect(names(6)).toEqual(['fused sums of columns']);
    expect(names(1000)).toEqual(['fused sums of columns', 'fused sums of columns']);
  });

  it('no program where one value alone reads more than a kernel may bind', () => {
    const plan = planOf(
      [
        [4, 4],
        [4, 4],
        [4, 4],
      ],
      (b, [x, y, z]) => b.add(b.add(x!, y!), z!),
    );
    expect(kernelsOf(plan, { mostBuffers: 3 })).toBeUndefined();
    expect(kernelsOf(plan, { mostBuffers: 4 })).toHaveLength(1);
  });
});
