/** A file of a format that its first bytes tell. */
import { quote, unsupported } from './fault.ts';
import { npyMagic, openNpy } from './npy.ts';
import { openNpz, zipMagics } from './npz.ts';
import { openSafetensors } from './safetensors.ts';
import { bytesOf, type Source } from './source.ts';
import { fileName, type OpenOptions, type TensorFile } from './tensorFile.ts';

/**
 * Opens a file of tensors by its content, whatever its name: `.npy`, `.npz` or `.safetensors`.
 *
 * @param source A `Blob` or `File` (Node: `openAsBlob` of `node:fs`), bytes, or an open file handle of Node.
 * @throws TypeError for a file of another format, else as `openNpy`, `openNpz` and `openSafetensors`.
 * @example
 * const { format, tensors } = await openTensors(input.files[0]);   // of <input type="file">
 */
export async function openTensors(source: Source, options: OpenOptions = {}): Promise<TensorFile> {
  const file = fileName('openTensors', source, options);
  const bytes = await bytesOf('openTensors', source, file);
  const place = { where: 'openTensors', file };
  const opening = await bytes.read(place, 0, Math.min(9, bytes.size));
  const startsWith = (magic: readonly number[]): boolean => magic.every((byte, index) => opening[index] === byte);
  if (startsWith(npyMagic)) return openNpy(source, options);
  if (zipMagics.some(startsWith)) return openNpz(source, options);
  // Eight bytes of length, then JSON.
  if (opening[8] === 0x7b) return openSafetensors(source, options);
  const got = opening.length === 0 ? 'an empty file' : quote(new TextDecoder().decode(opening));
  throw unsupported(place, 'the first bytes', 0, 'those of .npy, .npz or .safetensors', got);
}
