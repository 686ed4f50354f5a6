import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { contrastSampler, crd, estimatePartitionsOn, type RowDraw, valueAndGradientsOn } from 'dark-knowledge';
import { type WebgpuBackend, webgpuBackend } from 'dark-knowledge/webgpu';
import { describe, expect, it } from 'vitest';
import { drawRowsOnHost } from '../../src/ops/drawRows.ts';
import { randomUniform } from '../../src/random.ts';
import { expectDeepClose } from '../support/deepClose.ts';
import { limited } from '../support/webgpu.ts';
import { testWebgpu } from '../support/webgpuTests.ts';

const need = testWebgpu();

/** A device that counts the buffers that are made and the bytes that are uploaded to storage. */
function counting(target: GPUDevice): { readonly device: GPUDevice; readonly made: () => number; bytes: () => number } {
  let buffers = 0;
  let bytes = 0;
  const bound = (object: object, name: string | symbol) => {
    const value = Reflect.get(object, name, object) as unknown;
    return typeof value === 'function' ? value.bind(object) : value;
  };
  const queue = new Proxy(target.queue, {
    get(_, name) {
      if (name !== 'writeBuffer') return bound(target.queue, name);
      return (buffer: GPUBuffer, offset: number, data: ArrayBufferView<ArrayBuffer>) => {
        if (!buffer.label.includes('uniforms')) bytes += data.byteLength;
        target.queue.writeBuffer(buffer, offset, data);
      };
    },
  });
  const proxy = new Proxy(target, {
    get(_, name) {
      if (name === 'queue') return queue;
      if (name === 'createBuffer') buffers++;
      return bound(target, name);
    },
  });
  const since = (take: () => number) => {
    let before = 0;
    return () => {
      const now = take() - before;
      before = take();
      return now;
    };
  };
  return { device: proxy, made: since(() => buffers), bytes: since(() => bytes) };
}

const wave = (rows: number, columns: number, seed: number) => ({
  data: Float32Array.from({ length: rows * columns }, (_, at) => 2 * randomUniform(seed, at) - 1),
  shape: [rows, columns],
});

/** Everything that crd takes but the draws, for banks of some size. */
function crdInputs(batch: number, size: number, dimension = 40, features = 5) {
  return {
    studentFeatures: wave(batch, features, 1),
    teacherFeatures: wave(batch, features, 2),
    studentProjectionWeight: wave(features, dimension, 3),
    studentProjectionBias: { data: wave(1, dimension, 4).data, shape: [dimension] },
    teacherProjectionWeight: wave(features, dimension, 5),
    teacherProjectionBias: { data: wave(1, dimension, 6).data, shape: [dimension] },
    studentBank: wave(size, dimension, 7),
    teacherBank: wave(size, dimension, 8),
  };
}

const paper = crd({ normalization: 'paper', temperature: 0.5 });

async function crdOn(backend: WebgpuBackend, inputs: object) {
  const { value, gradients } = valueAndGradientsOn(backend, paper, inputs as never);
  const names = paper.differentiable;
  const [first, ...rest] = await Promise.all([value, ...names.map((name) => gradients[name])].map(backend.read));
  for (const tensor of [value, ...names.map((name) => gradients[name])]) backend.dispose(tensor);
  return { value: first!.data[0]!, gradients: rest.map(({ data }) => Array.from(data)) };
}

describe('rows drawn on the device', () => {
  const huge = 2 ** 22 + 3;
  const pools = [
    ['5 rows in 3 classes', { labels: [1, 0, 1, 2, 0] }],
    ['1000 rows in 7 classes', { labels: Int32Array.from({ length: 1000 }, (_, row) => (row * 13) % 7) }],
    [
      '1000 rows, all but 3 in one class',
      { labels: Int32Array.from({ length: 1000 }, (_, row) => +(row % 400 === 7)) },
    ],
    ['2²² + 3 rows, half in one class', { labels: Int32Array.from({ length: huge }, (_, row) => (row % 3) % 2) }],
    ['2²² + 3 rows', { size: huge }],
  ] as const;
  for (const [title, given] of pools) {
    it(`are those that the host draws: ${title}`, async (context) => {
      const backend = need(context);
      const labelled = 'labels' in given;
      const size = labelled ? given.labels.length : given.size;
      for (const negatives of labelled ? (['otherClasses', 'uniform'] as const) : (['uniform'] as const)) {
        for (const positives of labelled ? (['exact', 'relax'] as const) : (['exact'] as const)) {
          const sampler = contrastSampler({ ...given, count: 700, negatives, positives, seed: 5 });
          for (const step of [0, 1, 123_456]) {
            const indices = [0, 1, size - 1, size >> 1, 3];
            const expected = sampler.sample(indices, step);
            const drawn = sampler.sampleOn(backend, indices, step);
            for (const name of ['positiveIndices', 'contrastIndices'] as const) {
              const { data, shape } = await backend.read(drawn[name]);
              expect(shape).toEqual(expected[name].shape);
              expect(data.findIndex((row, at) => row !== expected[name].data[at])).toBe(-1);
              backend.dispose(drawn[name]);
            }
          }
        }
      }
    });
  }

  it('are those of the host for numbers that need every bit of the product', async (context) => {
    const backend = need(context);
    const skips = Int32Array.from([0, 0, 0, 0, 5, 2 ** 30, 2 ** 30 + 9, 77, 2 ** 31 - 2, 1, 2 ** 31 - 1, 0]);
    for (const seed of [0, 1, 0xdeadbeef, 0xffffffff]) {
      const draw: RowDraw = { seed, count: 3000, rows: 2 ** 31 - 1, skips };
      const expected = Float32Array.from(drawRowsOnHost(draw).data);
      const drawn = backend.drawRows!(draw);
      const { data } = await backend.read(drawn);
      backend.dispose(drawn);
      expect(data.findIndex((row, at) => row !== expected[at])).toBe(-1);
    }
  });

  it('are drawn inside the kernel of crd: no table of them is made, and the loss is that of a given table', async (context) => {
    const backend = need(context);
    const labels = Int32Array.from({ length: 60 }, (_, row) => row % 4);
    // More candidates than a workgroup takes, and a last part that is not full.
    for (const negatives of ['otherClasses', 'uniform'] as const) {
      const sampler = contrastSampler({ labels, count: 530, negatives, positives: 'relax', seed: 2 });
      const inputs = crdInputs(3, 60);
      const indices = [3, 59, 17];
      const expected = await crdOn(backend, { ...inputs, ...sampler.sample(indices, 4) });
      const draws = sampler.sampleOn(backend, indices, 4);
      await backend.timings();
      const got = await crdOn(backend, { ...inputs, ...draws });
      expectDeepClose(got, expected, 1e-6);
      expect(draws.contrastIndices.stored?.storage).toBeUndefined();
      if (backend.device.features.has('timestamp-query')) {
        const ran = (await backend.timings()).map(({ kernel }) => kernel);
        expect(ran.filter((kernel) => kernel === 'crd contrast, drawn')).toHaveLength(2);
        expect(ran).not.toContain('crd contrast');
        expect(ran).not.toContain('drawRows');
      }
      // Another step, another loss: the draws enter.
      const other = sampler.sampleOn(backend, indices, 5);
      expect((await crdOn(backend, { ...inputs, ...other })).value).not.toBe(got.value);
      // Once the rows exist the kernel goes on drawing.
      await backend.read(draws.contrastIndices);
      expectDeepClose(await crdOn(backend, { ...inputs, ...draws }), expected, 1e-6);
      for (const tensor of [draws, other].flatMap((each) => Object.values(each))) backend.dispose(tensor);
    }
  });

  it('let no row enter that was not drawn, not even where a group of candidates is not full', async (context) => {
    const backend = need(context);
    const sampler = contrastSampler({ labels: [0, 0, 1, 1, 1, 1], count: 9 });
    const inputs = crdInputs(2, 6);
    for (const bank of [inputs.studentBank, inputs.teacherBank]) bank.data.fill(Number.NaN, 0, 40);
    for (const draws of [sampler.sample([1, 1], 0), sampler.sampleOn(backend, [1, 1], 0)]) {
      const { value, gradients } = await crdOn(backend, { ...inputs, ...draws });
      expect([value, ...gradients.flat()].every(Number.isFinite)).toBe(true);
    }
  });

  it('exist as soon as another operation asks for them', async (context) => {
    const backend = need(context);
    const sampler = contrastSampler({ size: 40, count: 9, seed: 1 });
    const expected = Array.from(sampler.sample([3, 4], 0).contrastIndices.data);
    const fresh = () => sampler.sampleOn(backend, [3, 4], 0).contrastIndices;
    const numbers = async (tensor: ReturnType<typeof fresh>) => Array.from((await backend.read(tensor)).data);
    const bank = backend.fromHost(wave(40, 3, 1));
    const rows = await numbers(backend.gather(bank, fresh()));
    expect(rows).toEqual(expected.flatMap((row) => Array.from(wave(40, 3, 1).data.slice(3 * row, 3 * row + 3))));
    expect(await numbers(backend.add(fresh(), backend.scalar(1)))).toEqual(expected.map((row) => row + 1));
    expect(await numbers(backend.multiply(fresh(), backend.scalar(1)))).toEqual(expected);
    const reshaped = backend.reshape(fresh(), [3, 6]);
    expect(reshaped.shape).toEqual([3, 6]);
    expect(await numbers(reshaped)).toEqual(expected);
    expect(await numbers(backend.transpose(backend.transpose(fresh())))).toEqual(expected);
    expect(backend.bufferOf(fresh()).size).toBeGreaterThanOrEqual(4 * expected.length);
    // The composite of the partitions gathers.
    const inputs = { ...crdInputs(2, 40), ...sampler.sample([3, 4], 0) };
    const loss = crd({ temperature: 0.5 });
    const given = estimatePartitionsOn(backend, loss, inputs);
    const drawn = estimatePartitionsOn(backend, loss, { ...inputs, contrastIndices: fresh() });
    expect(await numbers(drawn.studentLogPartition)).toEqual(await numbers(given.studentLogPartition));
  });

  it('a wide embedding, which the kernel leaves to the composite, takes them too', async (context) => {
    const backend = need(context);
    const sampler = contrastSampler({ size: 30, count: 4 });
    const inputs = crdInputs(2, 30, 520);
    const expected = await crdOn(backend, { ...inputs, ...sampler.sample([1, 2], 0) });
    expectDeepClose(await crdOn(backend, { ...inputs, ...sampler.sampleOn(backend, [1, 2], 0) }), expected, 1e-6);
  });

  it('keep their places where limits split the work', async (context) => {
    // Of crd's buffers the skipped rows alone are larger, 16 bytes a sample; of the table's drawing, the table.
    const small = webgpuBackend(limited(need(context).device, { maxStorageBufferBindingSize: 1024 }));
    const sampler = contrastSampler({ labels: Int32Array.from({ length: 80 }, (_, row) => row % 5), count: 8 });
    const indices = Int32Array.from({ length: 80 }, (_, at) => (at * 7) % 80);
    const expected = sampler.sample(indices, 3);
    const draws = sampler.sampleOn(small, indices, 3);
    const inputs = crdInputs(80, 80, 2, 2);
    const given = await crdOn(need(context), { ...inputs, ...expected });
    expectDeepClose(await crdOn(small, { ...inputs, ...draws }), given, 1e-6);
    expect(draws.contrastIndices.stored?.storage).toBeUndefined();
    const { data } = await small.read(draws.contrastIndices);
    expect(Array.from(data)).toEqual(Array.from(expected.contrastIndices.data));
  });

  it('cost an upload of a few numbers a sample: the order of classes goes over once', async (context) => {
    const counted = counting(need(context).device);
    const backend = webgpuBackend(counted.device);
    const size = 20_000;
    const sampler = contrastSampler({ labels: Int32Array.from({ length: size }, (_, row) => row % 9), count: 400 });
    const inputs = Object.fromEntries(
      Object.entries(crdInputs(2, size, 32)).map(([name, host]) => [name, backend.fromHost(host)]),
    );
    const step = async (at: number): Promise<void> => {
      const draws = sampler.sampleOn(backend, [1, 2], at);
      await crdOn(backend, { ...inputs, ...draws });
      for (const tensor of Object.values(draws)) backend.dispose(tensor);
    };
    counted.bytes();
    await step(0);
    expect(counted.bytes()).toBeGreaterThanOrEqual(4 * size);
    for (let at = 1; at < 3; at++) await step(at);
    counted.bytes();
    counted.made();
    const alive = backend.tensorCount();
    for (let at = 3; at < 5; at++) await step(at);
    // Of two steps, each 2 positives, 2 × 4 numbers of skipped rows, and the threshold. The table would be 3200 bytes.
    expect(counted.bytes()).toBeLessThanOrEqual(2 * 4 * (2 + 8 + 4));
    expect(backend.tensorCount()).toBe(alive);
    // At most the staging buffers of seven reads.
    expect(counted.made()).toBeLessThanOrEqual(2 * 7);

    // Unused draws give their memory back.
    for (let at = 0; at < 500; at++) {
      for (const tensor of Object.values(sampler.sampleOn(backend, [1, 2], at))) backend.dispose(tensor);
    }
    expect(counted.made()).toBe(0);

    const held = sampler.sampleOn(backend, [5], 9);
    backend.releaseMemory();
    counted.bytes();
    const again = sampler.sampleOn(backend, [5], 9);
    expect(counted.bytes()).toBeGreaterThanOrEqual(4 * size);
    const rows = Array.from(sampler.sample([5], 9).contrastIndices.data);
    for (const { contrastIndices } of [held, again]) {
      expect(Array.from((await backend.read(contrastIndices)).data)).toEqual(rows);
    }
  });

  it('leave no order of classes behind when the host has let go of it', async (context) => {
    const counted = counting(need(context).device);
    const backend = webgpuBackend(counted.device);
    const drawOnce = (): void => {
      const sampler = contrastSampler({ labels: Int32Array.from({ length: 20_000 }, (_, row) => row % 9), count: 4 });
      for (const tensor of Object.values(sampler.sampleOn(backend, [1, 2], 0))) backend.dispose(tensor);
    };
    drawOnce();
    counted.made();
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    // The next order takes the buffer of one that was collected.
    for (let attempt = 0; attempt < 20; attempt++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 5));
      drawOnce();
      if (counted.made() === 0) return;
    }
    expect.fail('every order got a buffer of its own');
  });

  it('are freed with their tensor, used or not, and by scopes', async (context) => {
    const backend = need(context);
    const sampler = contrastSampler({ size: 40, count: 9 });
    const before = backend.tensorCount();
    const kept = backend.scope(() => {
      sampler.sampleOn(backend, [1, 2], 0);
      return sampler.sampleOn(backend, [1, 2], 1).contrastIndices;
    });
    expect(backend.tensorCount()).toBe(before + 1);
    const sum = backend.scope(() => backend.sum(backend.exp(sampler.sampleOn(backend, [1], 0).contrastIndices)));
    expect(backend.tensorCount()).toBe(before + 2);
    backend.dispose(sum);
    backend.dispose(kept);
    backend.dispose(kept);
    expect(backend.tensorCount()).toBe(before);
    expect(() => backend.exp(kept)).toThrow('webgpuBackend.exp: x must be a live tensor, got a disposed one.');
    const inputs = { ...crdInputs(2, 40), positiveIndices: [1, 2], contrastIndices: kept };
    expect(() => valueAndGradientsOn(backend, paper, inputs)).toThrow(/contrastIndices must be a live tensor/);
    // What went wrong on the host leaves nothing.
    expect(() => sampler.sampleOn(backend, [1, 40], 0)).toThrow('contrastSampler.sampleOn: indices must be rows');
    expect(backend.tensorCount()).toBe(before);
  });

  it('from more rows than the bank has are refused', async (context) => {
    const backend = need(context);
    const draws = contrastSampler({ size: 41, count: 9 }).sampleOn(backend, [1, 2], 0);
    expect(() => valueAndGradientsOn(backend, paper, { ...crdInputs(2, 40), ...draws })).toThrow(
      new RangeError("crd: contrastIndices must be drawn from at most the bank's 40 rows, got 41."),
    );
  });
});
