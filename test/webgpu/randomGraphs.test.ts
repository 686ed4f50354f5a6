/** Generated kernels against the float64 reference and against the eager backend, on random programs. */
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';
import { openWebgpuParts } from '../../src/webgpu/webgpuBackend.ts';
import { difference, randomGraph } from '../support/randomGraphs.ts';
import { testDevice } from '../support/webgpuTests.ts';

const need = testDevice();
const oracle = cpuBackend({ precision: 'float64' });

/** Programs that differ, at most a few of them, as text. */
async function differences(
  device: GPUDevice,
  first: number,
  count: number,
  special: boolean,
  against: 'float64' | 'eager',
): Promise<string[]> {
  const found: string[] = [];
  const { backend, eager, recorder } = openWebgpuParts(device);
  for (let seed = first; seed < first + count && found.length < 3; seed++) {
    const graph = randomGraph(seed, special);
    const tensors = [backend.tensorCount(), eager.tensorCount!()];
    const got = graph.run(backend);
    const read = await Promise.all(got.map((tensor) => backend.read(tensor)));
    for (const tensor of got) if (!tensor.disposed) backend.dispose(tensor);
    const left = [backend.tensorCount(), eager.tensorCount!()];
    if (String(left) !== String(tensors)) found.push(`${graph.title}: a leak`);
    const expected =
      against === 'float64'
        ? graph.run(oracle).map((tensor) => oracle.readSync!(tensor))
        : await Promise.all(
            eager
              .scope(() => graph.run(eager))
              .map(async (tensor) => {
                const host = await eager.read(tensor);
                eager.dispose(tensor);
                return host;
              }),
          );
    read.forEach((tensor, at) => {
      const text = difference(tensor, expected[at]!, 2e-4);
      if (text !== undefined && found.length < 3) found.push(`${graph.title}, result ${at}: ${text}`);
    });
  }
  expect(recorder.counters.flushes).toBeGreaterThan(count / 2);
  expect(recorder.counters.interpreted).toBeLessThan(count / 50);
  return found;
}

describe('random programs on webgpu', () => {
  it('are what float64 says', async (context) => {
    expect(await differences(need(context), 0, 150, false, 'float64')).toEqual([]);
  });

  it('are what float64 says where they hold infinities, NaN and large numbers', async (context) => {
    expect(await differences(need(context), 10_000, 100, true, 'float64')).toEqual([]);
  });

  it('are what the eager backend says', async (context) => {
    expect(await differences(need(context), 30_000, 60, true, 'eager')).toEqual([]);
  });
});
