import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { type Parts, partsIn } from '../../studies/parts.ts';

const root = mkdtempSync(join(tmpdir(), 'parts-'));
afterAll(() => rmSync(root, { recursive: true }));
let runs = 0;
const newFolder = (): URL => pathToFileURL(`${join(root, `${++runs}`)}/`);

/** Works on four parts, noting those that it computes itself. */
function workOn(parts: Parts, computed: number[], milliseconds: number): Promise<readonly number[]> {
  return parts.each([0, 1, 2, 3], (item) =>
    parts.once(`part ${item}`, async () => {
      computed.push(item);
      await setTimeout(milliseconds);
      return 10 * item;
    }),
  );
}

it('two that run the same compute each part once between them, and have all results in order', async () => {
  const folder = newFolder();
  const [one, other] = [await partsIn(folder), await partsIn(folder)];
  const [byOne, byOther]: [number[], number[]] = [[], []];
  const results = await Promise.all([workOn(one, byOne, 100), workOn(other, byOther, 100)]);
  expect(results).toEqual([
    [0, 10, 20, 30],
    [0, 10, 20, 30],
  ]);
  expect([...byOne, ...byOther].sort()).toEqual([0, 1, 2, 3]);
  expect(byOne.length).toBe(2);
});

it('a part that another is at makes an outer item late, after the others of the inner ones', async () => {
  const folder = newFolder();
  const [one, other] = [await partsIn(folder), await partsIn(folder)];
  let release = (): void => {};
  const held = one.once('0 0', () => new Promise<number>((resolve) => (release = () => resolve(7))));
  await setTimeout(20);
  const order: string[] = [];
  const found = await other.each([0, 1], async (outer) => {
    const inner = await other.each([0, 1], (item) =>
      other.once(`${outer} ${item}`, async () => {
        order.push(`${outer} ${item}`);
        if (outer === 1 && item === 1) release();
        return item;
      }),
    );
    return inner;
  });
  expect(order).toEqual(['0 1', '1 0', '1 1']);
  expect(await held).toBe(7);
  expect(found).toEqual([
    [7, 1],
    [0, 1],
  ]);
});

it('a claim of a process that is gone holds nobody up, and what fails is free again', async () => {
  const folder = newFolder();
  const parts = await partsIn(folder);
  const { pid } = spawnSync(process.execPath, ['--version']);
  // Of a process that is gone; and of one before that had our number.
  for (const [part, owner] of [
    ['left', `${pid}-1-1`],
    ['of our number', `${process.pid}-1-1`],
  ] as const) {
    writeFileSync(new URL(`${encodeURIComponent(encodeURIComponent(part))}.claim-0`, folder), owner);
    expect(await parts.once(part, async () => 3)).toBe(3);
  }
  await expect(parts.once('fails', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await (await partsIn(folder)).once('fails', async () => 4)).toBe(4);
});

it('a stopped run goes on where it was, and tells two parts of one name', async () => {
  const place = newFolder();
  const first = await partsIn(place);
  const part = { scores: Float32Array.of(0.5, -0), none: undefined };
  expect(await first.once('a → b/c', async () => part)).toEqual(part);
  await expect(first.once('a → b/c', async () => part)).rejects.toThrow("two parts of a run are named 'a → b/c'");
  await expect(first.once('stopped', () => Promise.reject(new Error('power')))).rejects.toThrow('power');
  const second = await partsIn(place);
  expect(await second.once<unknown>('a → b/c', async () => 'anew')).toEqual(part);
  expect(await second.once('stopped', async () => 'done')).toBe('done');
  expect(second.spent().seconds).toBeGreaterThan(0);
  expect(second.spent().cpuSeconds).toBeGreaterThanOrEqual(0);
  await first.leave();
  await second.leave();
  expect(await (await partsIn(place)).once<unknown>('a → b/c', async () => 'anew')).toBe('anew');
});

it('tells what it waits for, once, and refuses a file that is no part', async () => {
  const folder = newFolder();
  const words: string[] = [];
  const [one, other] = [await partsIn(folder), await partsIn(folder, { waiting: (told) => words.push(told) })];
  const found = one.once('slow', () => setTimeout(1200, 'done'));
  await setTimeout(20);
  expect(await other.once('slow', async () => 'again')).toBe('done');
  expect(words).toEqual([`waiting for process ${process.pid}: slow`]);
  await found;
  writeFileSync(new URL('torn.part', folder), '');
  await expect(one.once('torn', async () => 1)).rejects.toThrow(/torn\.part is no part of a run\. Remove it/);
});

it('of many that find a claim left behind one computes the part', async () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  for (let round = 0; round < 4; round++) {
    const folder = newFolder();
    const many = await Promise.all(Array.from({ length: 6 }, () => partsIn(folder)));
    writeFileSync(new URL('left.claim-0', folder), `${pid}-1-1`);
    let times = 0;
    const found = await Promise.all(many.map((parts) => parts.once('left', async () => ++times)));
    expect(found).toEqual(Array(6).fill(1));
    await Promise.all(many.map((parts) => parts.leave()));
  }
}, 60_000);

it('what others found counts as time spent, waiting for it does not, and the last to leave takes the files away', async () => {
  const folder = newFolder();
  const [one, other] = [await partsIn(folder), await partsIn(folder)];
  const found = one.once('slow', () => setTimeout(1200, 'done'));
  await setTimeout(20);
  expect(await other.once('slow', async () => 'again')).toBe('done');
  await found;
  // Both took the same 1.2 seconds: one at work, one by what the other found.
  expect(one.spent().seconds).toBeGreaterThan(1.15);
  expect(other.spent().seconds).toBeGreaterThan(1.15);
  expect(other.spent().seconds).toBeLessThan(2.2);
  await one.leave();
  expect(readdirSync(folder)).toContain('slow.part');
  await other.leave();
  expect(readdirSync(root)).not.toContain(`${runs}`);
});
