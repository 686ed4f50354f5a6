/**
 * `dark-knowledge/files`: what NumPy and safetensors wrote, from a `Blob` or bytes, rows in parts.
 * @module
 */
export { batches } from './batches.ts';
export type { FileTensor } from './fileTensor.ts';
export type { TensorKind } from './kinds.ts';
export { type NpyFile, openNpy } from './npy.ts';
export { openNpz } from './npz.ts';
export { openTensors } from './openTensors.ts';
export { openSafetensors } from './safetensors.ts';
export type { BlobLike, FileHandleLike, Source } from './source.ts';
export type { OpenOptions, TensorFile } from './tensorFile.ts';
