/** `.npz`: a ZIP archive of `.npy` members, stored (`np.savez`) or deflated (`np.savez_compressed`). */
import { type Place, quote, unsupported } from './fault.ts';
import type { FileTensor } from './fileTensor.ts';
import { npyTensor } from './npy.ts';
import { bytesOf, type Source } from './source.ts';
import { fileName, type OpenOptions, recordOf, type TensorFile } from './tensorFile.ts';
import { memberBytes, zipMembers } from './zip.ts';

/** The first bytes of the format; the second are those of an archive without members. */
export const zipMagics: readonly (readonly number[])[] = [
  [0x50, 0x4b, 3, 4],
  [0x50, 0x4b, 5, 6],
];

/**
 * Opens an `.npz` archive: reads its directory and each array's header. Members that are not `.npy` are left out.
 *
 * Each member states a CRC-32. It is checked where a tensor is read in order from its first row to its last, and by
 * `read()`. Stored members are read at any position, deflated ones forward (see `FileTensor.rows`).
 *
 * @param source A `Blob` or `File` (Node: `openAsBlob` of `node:fs`), bytes, or an open file handle of Node.
 * @throws RangeError for an archive that is damaged, or a file of another format, TypeError for an archive without arrays;
 * they name file, tensor and byte.
 * @example
 * const { tensors } = await openNpz(await openAsBlob('teacher.npz'), { name: 'teacher.npz' });
 * console.log(tensors.logits?.shape, tensors.logits?.kind);   // [50000, 100] 'float16'
 */
export async function openNpz(source: Source, options: OpenOptions = {}): Promise<TensorFile> {
  const name = fileName('openNpz', source, options);
  const archive = await bytesOf('openNpz', source, name);
  const place: Place = { where: 'openNpz', file: name };
  const members = await zipMembers(archive, place);
  const tensors: [string, FileTensor][] = [];
  for (const member of members) {
    const [, tensor] = /^(.*)\.npy$/s.exec(member.name) ?? [];
    const bytes = await memberBytes(archive, tensor === undefined ? place : { ...place, tensor }, member);
    if (tensor === undefined) continue;
    const file = `${quote(member.name)} in ${name}`;
    tensors.push([tensor, await npyTensor(bytes, { where: 'openNpz', file, tensor })]);
    // An archive of many arrays would else keep as many inflaters.
    bytes.close?.();
  }
  if (tensors.length === 0 && members.length > 0) {
    const hint = 'PyTorch saves .pt as an archive of pickles: save with safetensors, or np.savez.';
    throw unsupported(place, 'the archive', 0, 'one with .npy members', quote(members[0]!.name), hint);
  }
  return { name, format: 'npz', tensors: recordOf(tensors), metadata: {} };
}
