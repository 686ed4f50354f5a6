/** Which tfjs backend an example runs on. */
import * as tf from '@tensorflow/tfjs-core';

// Native packages that a user may have installed; none of them is a dependency.
const nativePackages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];

/**
 * Makes a tfjs backend ready: with `fastest`, a native one where it is installed, else WebAssembly.
 *
 * @returns Its name, for the report.
 */
export async function preparePlatform({ fastest = false }: { readonly fastest?: boolean } = {}): Promise<string> {
  if (fastest) {
    for (const name of nativePackages) {
      try {
        await import(name);
        await tf.ready();
        return `${tf.getBackend()} (${name})`;
      } catch {
        // Not installed here: try the next one.
      }
    }
  }
  await import('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
  await tf.ready();
  return 'wasm';
}

/** A line that is overwritten on a terminal, and printed now and then into a log. */
export function progressLine(): (text: string, last?: boolean) => void {
  let shown = 0;
  return (text, last = false) => {
    if (process.stdout.isTTY) {
      process.stdout.write(`\r\x1b[2K${text}${last ? '\n' : ''}`);
    } else if (last || Date.now() - shown > 10_000) {
      shown = Date.now();
      console.log(text);
    }
  };
}

/** Where results are written; git ignores it. */
export const resultsFolder: URL = new URL('../output/', import.meta.url);
