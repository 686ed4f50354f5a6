import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { klDivergence, valueAndGradients } from 'dark-knowledge';
import { describe, expect, it, vi } from 'vitest';
import { runGuide } from '../support/guide.ts';

const python = JSON.parse(readFileSync(new URL('../fixtures/files.json', import.meta.url), 'utf8')) as {
  readonly guideResults: { readonly agreement: number };
};
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a guide; what it exports and what it printed, a line each. */
async function follow(guide: string, standIns = {}) {
  const said: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...values) => said.push(values.map(shown).join(' ')));
  const exported = await runGuide(`docs/guides/${guide}`, standIns).finally(() => log.mockRestore());
  return { exported, said };
}

const shown = (value: unknown): string => (Array.isArray(value) ? `[ ${value.join(', ')} ]` : String(value));

describe('the guides, run as a reader would', () => {
  it('distil on arrays, in tfjs and in its layers, and print what they say', async () => {
    const { said } = await follow('first-distillation.md');
    expect(said).toEqual(['right 1.00', 'as the teacher 1.00', '1.00', 'in tfjs true', 'in layers true']);
  });

  it('train a student of jax-js by the gradient that the loss states', async () => {
    const { exported, said } = await follow('jax.md');
    expect(said).toEqual(['3.11 0.13']);
    // Gradient descent by hand on the same points, in float64.
    const points = Array.from({ length: 60 }, (_, i) => [((i % 10) - 4.5) / 3, (Math.floor(i / 10) - 2.5) / 2, 1]);
    const centres = [
      [-1, -0.6],
      [1, -0.5],
      [0.1, 1],
    ] as const;
    const teacherLogits = points.map(([x, y]) => centres.map(([a, b]) => -3 * ((x! - a) ** 2 + (y! - b) ** 2)));
    const parameters = Array.from({ length: 3 }, () => [0, 0, 0]);
    const values = Array.from({ length: 60 }, () => {
      const studentLogits = points.map((point) =>
        [0, 1, 2].map((k) => point.reduce((sum, x, i) => sum + x * parameters[i]![k]!, 0)),
      );
      const { value, gradients } = valueAndGradients(klDivergence({ temperature: 2 }), {
        studentLogits,
        teacherLogits,
      });
      points.forEach((point, row) => {
        for (let k = 0; k < 3; k++)
          point.forEach((x, i) => {
            parameters[i]![k]! -= 0.5 * x * Number(gradients.studentLogits.data[3 * row + k]);
          });
      });
      return value;
    });
    (exported.values as number[]).forEach((value, step) => {
      expect(value).toBeCloseTo(values[step]!, 4);
    });
  });

  it('take a teacher of ONNX Runtime and of transformers.js, whose typed stand-ins have the same shape', async () => {
    const { exported, said } = await follow('onnx-teachers.md', {
      'onnxruntime-node': 'test/support/standIns/onnxruntime.ts',
      '@huggingface/transformers': 'test/support/standIns/transformers.ts',
    });
    expect(said).toEqual(['[ 2, 2 ]', '0.5']);
    // The student's first row is the teacher's, its second is at a right angle to it.
    expect(exported.distance).toBeCloseTo(0.5, 6);
    expect(exported.sentiment).toBe(0);
  });

  it('analyse a run of Python in the numbers that they show', async () => {
    const before = process.cwd();
    process.chdir(`${root}/test/fixtures/files`);
    const { exported, said } = await follow('analysing-a-run.md').finally(() => process.chdir(before));
    const text = readFileSync(`${root}/docs/guides/analysing-a-run.md`, 'utf8');
    expect(said).toHaveLength(3);
    for (const line of said) expect(text).toContain(`// ${line}\n`);
    // NumPy's own number, by the script of the fixture.
    expect(said[1]).toBe(python.guideResults.agreement.toFixed(3));
    expect(exported.figure).toHaveProperty('$schema');
  });

  it('merge shards into what a stream says, and show the code of the example', async () => {
    const { exported, said } = await follow('workers-and-beam.md');
    expect([said, exported.same]).toEqual([['true'], true]);
    const examples = ['pool', 'beam'].map((name) => readFileSync(`${root}/examples/beam/${name}.ts`, 'utf8'));
    const text = readFileSync(`${root}/docs/guides/workers-and-beam.md`, 'utf8');
    const blocks = Array.from(text.matchAll(/^```ts no-run\n(.*?)^```$/gms), ([, code]) => code!);
    expect(blocks).toHaveLength(2);
    blocks.forEach((block, index) => {
      expect(examples[index]).toContain(block);
    });
  });

  it('pass a backend where bytes count', async () => {
    const { exported, said } = await follow('size-and-policy.md');
    expect(said).toEqual(['1']);
    // By hand: p = softmax([2, 1]), q its reverse: KL = (p₀ − p₁)·1 = (e − 1)/(e + 1).
    expect((exported.data as Float32Array)[0]).toBeCloseTo((Math.E - 1) / (Math.E + 1), 6);
  });
});
