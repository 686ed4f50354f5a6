/** Checks a user's script by a TypeScript of any version, against the declarations themselves. */
import { join } from 'node:path';
import type { Project } from './project.ts';

/** A script that imports every entry that needs no further package. */
export const scriptOfEveryEntry = `
import { evaluate, klDivergence } from 'dark-knowledge';
import { rowLoss } from 'dark-knowledge/authoring';
import { cpuBackend } from 'dark-knowledge/cpu';
import { reliabilityDiagram } from 'dark-knowledge/figures';
import { openNpy } from 'dark-knowledge/files';
import { checkLoss } from 'dark-knowledge/testing';
import { wasmBackend } from 'dark-knowledge/wasm';
import { requestWebgpuDevice, webgpuBackend } from 'dark-knowledge/webgpu';
export const value: number = evaluate(klDivergence(), { studentLogits: [[1, 2]], teacherLogits: [[1, 2]] }).value;
// @ts-expect-error: the teacher is missing, which is only known where the types are found
evaluate(klDivergence(), { studentLogits: [[1, 2]] });
export async function one(): Promise<ArrayLike<number>> {
  const backend = webgpuBackend(await requestWebgpuDevice());
  const { data } = await backend.read(backend.scalar(1));
  return data;
}
export { checkLoss, cpuBackend, openNpy, reliabilityDiagram, rowLoss, wasmBackend };
`;

/**
 * @param compiler The folder of a package of TypeScript.
 * @throws Error with what the compiler said.
 */
export function typeCheck(project: Project, compiler: string, options: object, script = 'script.ts'): void {
  const compilerOptions = { strict: true, noEmit: true, target: 'ES2022', ...options };
  project.write('tsconfig.json', JSON.stringify({ compilerOptions, files: [script] }));
  project.run(process.execPath, [join(compiler, 'bin/tsc'), '-p', '.']);
}
