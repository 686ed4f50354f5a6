import { openTensors } from 'dark-knowledge/files';
import { expect, it } from 'vitest';
import { bundle, openPage } from '../support/browser.ts';
import { fixtureBytes } from '../support/tensorFiles.ts';

const names = ['kinds.npz', 'kindsDeflated.npz', 'kinds.safetensors', 'version3.npy', 'zip64.npz'];

it('in headless Chromium, files of NumPy and safetensors hold what they hold in Node, and damage is found', {
  timeout: 120_000,
}, async (context) => {
  const script = await bundle('test/browser/files.page.ts');
  const type = 'application/octet-stream';
  const opened = await openPage({
    '/': {
      type: 'text/html',
      body: '<!doctype html><title>files</title><script type="module" src="/files.js"></script>',
    },
    '/files.js': { type: 'text/javascript', body: script },
    ...Object.fromEntries(names.map((name) => [`/${name}`, { type, body: fixtureBytes(name) }])),
  });
  if ('missing' in opened) {
    const required = (process.env.DARK_KNOWLEDGE_REQUIRED_BACKENDS ?? '').split(',').includes('webgpu');
    if (required) throw new Error(opened.missing);
    return context.skip(opened.missing);
  }
  try {
    const { page } = opened;
    await page.waitForFunction('typeof contentsOf === "function"');
    for (const name of names) {
      const { tensors } = await openTensors(fixtureBytes(name), { name });
      const expected = await Promise.all(
        Object.entries(tensors).map(async ([key, tensor]) => [key, String(Array.from((await tensor.read()).data))]),
      );
      const read: [string, string, string][] = JSON.parse(await page.evaluate(`contentsOf('${name}')`));
      expect(read.map(([key, , whole]) => [key, whole])).toEqual(expected);
      for (const [key, rows, whole] of read) {
        if (tensors[key]!.shape.length > 0) expect(rows.replaceAll(';', ',').replace(/,+$/, '')).toBe(whole);
      }
    }
    const damaged = (await page.evaluate("damaged('zip64.npz')")) as {
      same: number;
      refused: number;
      others: string[];
    };
    expect(damaged.others).toEqual([]);
    expect(damaged.same + damaged.refused).toBe(fixtureBytes('zip64.npz').length);
    expect(damaged.refused).toBeGreaterThan(300);
  } finally {
    await opened.close();
  }
});
