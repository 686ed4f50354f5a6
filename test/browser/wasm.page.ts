/** Runs in the browser: WebAssembly with threads where the page may have them, and what plain names do where it may not. */
import { evaluate, klDivergence } from 'dark-knowledge';
import { wasmBackend, wasmIsSupported } from 'dark-knowledge/wasm';

const size = 300;
const logits = {
  studentLogits: { data: Float32Array.of(1, 2, 3, 3, 1, 2), shape: [2, 3] },
  teacherLogits: { data: Float32Array.of(3, 1, 2, 1, 1, 1), shape: [2, 3] },
};

/** How many threads came, within a second, and an element of a product that they share. */
async function multiply(threads: number) {
  const backend = wasmBackend({ threads });
  const patience = performance.now() + 1000;
  while (backend.threadCount() < threads && performance.now() < patience) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const x = backend.fromHost({ data: new Float32Array(size * size).fill(0.5), shape: [size, size] });
  const element = backend.readSync(backend.matMul(x, x)).data[size * size - 1]!;
  const threadCount = backend.threadCount();
  backend.close();
  return { threadCount, element };
}

const plain = () => ({ isSupported: wasmIsSupported(), value: evaluate(klDivergence(), logits).value });

Object.assign(globalThis, { multiply, plain });
