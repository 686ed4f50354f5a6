/** One case of a file: bytes that are right, cut, or changed give their numbers or a refusal, never anything else. */
import * as files from 'dark-knowledge/files';
import type { Dice } from './dice.ts';
import { oddValue } from './spoil.ts';
import { claim, claimFramed } from './truths.ts';

type Open = (source: never, options?: never) => Promise<unknown>;
const readers: Readonly<Record<string, Open>> = {
  openNpy: files.openNpy,
  openNpz: files.openNpz,
  openSafetensors: files.openSafetensors,
  openTensors: files.openTensors,
};

/** What the fuzz knows of the entry `files`. */
export const fileNames: readonly string[] = [...Object.keys(readers), 'batches'];

function npy(dice: Dice): Uint8Array<ArrayBuffer> {
  const [rows, columns] = [dice.whole(1, 3), dice.whole(1, 3)];
  const header = `{'descr': '<f4', 'fortran_order': ${dice.chance(0.3) ? 'True' : 'False'}, 'shape': (${rows}, ${columns}), }`;
  const length = Math.ceil((header.length + 11) / 64) * 64 - 10;
  const text = `\x93NUMPY\x01\x00${String.fromCharCode(length & 255, length >> 8)}${header.padEnd(length - 1)}\n`;
  const data = Float32Array.from({ length: rows * columns }, () => dice.normal());
  return joined(
    Uint8Array.from(text, (letter) => letter.charCodeAt(0)),
    new Uint8Array(data.buffer),
  );
}

function safetensors(dice: Dice): Uint8Array<ArrayBuffer> {
  const data = Float32Array.from({ length: dice.whole(1, 6) }, () => dice.normal());
  const header = new TextEncoder().encode(
    JSON.stringify({ weight: { dtype: 'F32', shape: [data.length], data_offsets: [0, data.byteLength] } }),
  );
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(header.length), true);
  return joined(size, joined(header, new Uint8Array(data.buffer)));
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

/** Runs a case; its promise rejects with a finding. */
export async function fileCase(dice: Dice): Promise<void> {
  const [name, bytes] = dice.chance(0.5)
    ? (['openNpy', npy(dice)] as const)
    : (['openSafetensors', safetensors(dice)] as const);
  const right = dice.chance(0.2);
  let given: unknown = bytes;
  if (!right) given = dice.chance(0.1) ? oddValue(dice) : spoilt(dice, bytes);
  const opened = dice.chance(0.7) ? name : dice.pick(Object.keys(readers));
  try {
    const file = (await readers[opened]!(given as never)) as {
      readonly tensors?: ReadonlyMap<string, unknown>;
      read?: () => Promise<{ readonly data: ArrayLike<number>; readonly shape: readonly number[] }>;
    };
    const { data, shape } = file.read ? await file.read() : { data: [], shape: [0] };
    claim(
      data.length === shape.reduce((size, extent) => size * extent, 1),
      () => `${opened}: ${data.length} numbers of shape [${shape}]`,
    );
  } catch (error) {
    claimFramed(error, [opened, ...Object.keys(readers)]);
  }
}

function spoilt(dice: Dice, bytes: Uint8Array<ArrayBuffer>): Uint8Array {
  const changed = bytes.slice(0, dice.chance(0.3) ? dice.below(bytes.length) : bytes.length);
  for (let times = dice.whole(1, 3); times > 0 && changed.length > 0; times--)
    changed[dice.below(changed.length)] = dice.below(256);
  return changed;
}
