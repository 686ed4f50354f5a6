/** The teacher, from the folder that exportTeacher.py wrote. */
import { basename, dirname, resolve } from 'node:path';
import { env, pipeline } from '@huggingface/transformers';

/** What runs the teacher, for the record. */
export const runtime: string = `transformers.js ${env.version} on onnxruntime-node, float32`;

/** Opens the teacher; it embeds a batch of sentences, [sentences, 384] with rows of length 1. */
export async function openTeacher(
  given: string,
  { threads }: { readonly threads?: number } = {},
): Promise<(texts: string[]) => Promise<Float32Array>> {
  const folder = resolve(given);
  env.allowRemoteModels = false;
  env.localModelPath = dirname(folder);
  const ask = await pipeline('feature-extraction', basename(folder), {
    dtype: 'fp32',
    ...(threads !== undefined && { session_options: { intraOpNumThreads: threads } }),
  });
  return async (texts) => (await ask(texts, { pooling: 'mean', normalize: true })).data as Float32Array;
}
