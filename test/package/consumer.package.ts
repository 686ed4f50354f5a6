import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
let project: string;

function run(command: string, ...args: string[]): string {
  try {
    return execFileSync(command, args, { cwd: project, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}\n${stderr}`);
  }
}

function runScript(name: string, text: string): string {
  writeFileSync(join(project, name), text);
  return run(process.execPath, name).trim();
}

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'dark-knowledge-consumer-'));
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', project], { cwd: root, stdio: 'pipe' });
  const tarball = readdirSync(project).find((file) => file.endsWith('.tgz'))!;
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  run('npm', 'install', '--no-audit', '--no-fund', `./${tarball}`);
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

const use = `
const { value, gradients } = valueAndGradients(klDivergence({ temperature: 2 }), {
  studentLogits: tensor(Float32Array.of(1, 2, 3), [1, 3]),
  teacherLogits: tensor(Float32Array.of(3, 2, 1), [1, 3]),
});
const { value: share } = measure(accuracy(), { logits: [[1, 2], [2, 1]], labels: [1, 1] });
console.log(JSON.stringify([value.toFixed(4), gradients.studentLogits.shape, share]));
`;
// By hand: p = softmax([1.5, 1, .5]), q its reverse; T²·KL = 4·(p₀ − p₂)·1 with p₀ − p₂ = (e − 1)/(e + √e + 1).
const expected = JSON.stringify([((4 * (Math.E - 1)) / (Math.E + Math.sqrt(Math.E) + 1)).toFixed(4), [1, 3], 0.5]);

describe('the packed tarball, installed in an empty project', () => {
  it('is imported by import', () => {
    const names = 'valueAndGradients, klDivergence, tensor, measure, accuracy';
    expect(runScript('use.mjs', `import { ${names} } from 'dark-knowledge';${use}`)).toBe(expected);
  });

  it('is imported by require', () => {
    const names = 'valueAndGradients, klDivergence, tensor, measure, accuracy';
    expect(runScript('use.cjs', `const { ${names} } = require('dark-knowledge');${use}`)).toBe(expected);
  });

  it('brings every subpath that needs no optional package', () => {
    const paths = ['cpu', 'wasm', 'webgpu', 'files', 'figures', 'authoring', 'testing'];
    const imports = paths.map((path) => `const ${path} = await import('dark-knowledge/${path}');`).join('\n');
    const log = `console.log([typeof cpu.cpuBackend, typeof wasm.wasmBackend, typeof webgpu.webgpuBackend, typeof files.openTensors, typeof figures.reliabilityDiagram, typeof authoring.rowLoss, typeof testing.backendConformance].join());`;
    expect(runScript('subpaths.mjs', `${imports}\n${log}`)).toBe(paths.map(() => 'function').join());
  });

  it('holds one copy of what kernels know losses by: a loss of one entry is known to a kernel of another', () => {
    const script = `
import { crd } from 'dark-knowledge';
import { wasmBackend, wasmIsSupported } from 'dark-knowledge/wasm';
console.log(wasmIsSupported() && wasmBackend().fusedKernels.some((kernel) => kernel.implements === crd().reference));`;
    expect(runScript('identity.mjs', script)).toBe('true');
  });

  it('passes the conformance kit as a backend author would run it', () => {
    const script = `
import { cpuBackend } from 'dark-knowledge/cpu';
import { backendConformance } from 'dark-knowledge/testing';
const { passed } = await backendConformance(cpuBackend());
console.log(passed.length > 30);`;
    expect(runScript('conformance.mjs', script)).toBe('true');
  });

  it('carries no tests, sources or examples', () => {
    expect(readdirSync(join(project, 'node_modules/dark-knowledge')).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'package.json',
    ]);
  });

  function typeCheck(script: string, options: object = {}): void {
    writeFileSync(join(project, 'script.ts'), script);
    const compilerOptions = { strict: true, noEmit: true, module: 'NodeNext', target: 'ES2022', types: [], ...options };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['script.ts'] }));
    run(process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '-p', '.');
  }

  it('type-checks a script with the declarations themselves, and refuses a missing input at compile time', () => {
    typeCheck(`
import { crossEntropy, type HostTensor, klDivergence, valueAndGradients, weightedSum } from 'dark-knowledge';
import { calibrationError, measure } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { batches, type FileTensor, openNpz } from 'dark-knowledge/files';
import { type Figure, reliabilityDiagram } from 'dark-knowledge/figures';
import { wasmBackend } from 'dark-knowledge/wasm';
import { webgpuBackend } from 'dark-knowledge/webgpu';
const objective = weightedSum({
  task: { loss: crossEntropy(), weight: 0.1 },
  distillation: { loss: klDivergence({ temperature: 8 }), weight: 0.9 },
});
const batch = { studentLogits: [[1, 2]], teacherLogits: [[2, 1]], labels: [0] };
const { value, gradients } = valueAndGradients(objective, batch);
const plain: number = value;
const gradient: HostTensor = gradients.studentLogits;
const figure: Figure = reliabilityDiagram({ student: measure(calibrationError(), { logits: [[1, 2]], labels: [1] }) });
// @ts-expect-error: the labels are missing
valueAndGradients(objective, { studentLogits: [[1, 2]], teacherLogits: [[2, 1]] });
// @ts-expect-error: the teacher gets no gradient
gradients.teacherLogits;
async function firstLabels(file: Blob): Promise<HostTensor | undefined> {
  const { tensors } = await openNpz(file);
  const labels: FileTensor | undefined = tensors.labels;
  for await (const batch of batches({ labels }, 10)) return batch.labels;
}
export { cpuBackend, figure, firstLabels, gradient, plain, wasmBackend, webgpuBackend };
`);
  });

  it('type-checks a script on tfjs (whose own declarations clash with the DOM library, hence skipLibCheck)', () => {
    mkdirSync(join(project, 'node_modules/@tensorflow'), { recursive: true });
    symlinkSync(join(root, 'node_modules/@tensorflow/tfjs-core'), join(project, 'node_modules/@tensorflow/tfjs-core'));
    typeCheck(
      `
import * as tf from '@tensorflow/tfjs-core';
import { klDivergence } from 'dark-knowledge';
import { tfjsLoss } from 'dark-knowledge/tfjs';
const loss = tfjsLoss(klDivergence({ temperature: 4 }));
export const value: tf.Scalar = loss({ studentLogits: tf.zeros([2, 3]), teacherLogits: [[1, 2, 3], [3, 2, 1]] });
// @ts-expect-error: the teacher is missing
loss({ studentLogits: tf.zeros([2, 3]) });
`,
      { skipLibCheck: true },
    );
  });
});
