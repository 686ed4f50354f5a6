/** Projects of a user's, empty but for the packed tarball. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Project {
  readonly path: string;
  /** Writes a file, and says where it is. */
  write(name: string, text: string): string;
  /** Makes a package of this repository's, or of another folder, one of the project's. */
  link(name: string, from?: string): void;
  /** Runs a program in the project; what it printed. A failure is an error that carries all it said. */
  run(command: string, args: readonly string[], environment?: Readonly<Record<string, string>>): string;
  remove(): void;
}

/** Packs the build in `dist`, without building it again; the tarball's path. */
export function pack(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dark-knowledge-packed-'));
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root, stdio: 'pipe' });
  return join(folder, readdirSync(folder).find((file) => file.endsWith('.tgz'))!);
}

/** A project with the tarball unpacked as npm does it; it has no dependencies that npm would have to fetch. */
export function projectWith(tarball: string, description: object = { type: 'module' }): Project {
  const path = mkdtempSync(join(tmpdir(), 'dark-knowledge-project-'));
  const home = join(path, 'node_modules/dark-knowledge');
  mkdirSync(home, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', home]);
  const project: Project = {
    path,
    write(name, text) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      return file;
    },
    link(name, from = join(root, 'node_modules')) {
      const place = join(path, 'node_modules', name);
      mkdirSync(dirname(place), { recursive: true });
      symlinkSync(join(from, name), place);
    },
    run(command, args, environment = {}) {
      const { status, stdout, stderr, error } = spawnSync(command, args, {
        cwd: path,
        encoding: 'utf8',
        env: { ...process.env, ...environment },
      });
      if (error) throw error;
      if (status !== 0)
        throw new Error(
          `${command} ${args.join(' ')} ended with ${status}:\n${stdout.slice(-2000)}\n${stderr.slice(-2000)}`,
        );
      return stdout;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
  project.write('package.json', JSON.stringify({ name: 'project', private: true, ...description }));
  return project;
}

/** What a user's script calls: a loss and a metric, on float32 and on doubles, and a decomposition that compiles where it may. */
export const useOfTheLibrary = `
const logits = { studentLogits: [[1, 2, 3]], teacherLogits: [[3, 2, 1]] };
const float32 = (rows) => ({ data: Float32Array.from(rows.flat()), shape: [1, 3] });
const onFloat32 = { studentLogits: float32(logits.studentLogits), teacherLogits: float32(logits.teacherLogits) };
const x = Array.from({ length: 80 }, (_, i) => Array.from({ length: 30 }, (_, j) => Math.sin(31 * i + j * j)));
const answer = JSON.stringify([
  evaluate(klDivergence({ temperature: 2 }), logits).value.toFixed(5),
  evaluate(klDivergence({ temperature: 2 }), onFloat32).value.toFixed(5),
  measure(accuracy(), { logits: [[1, 2], [2, 1]], labels: [1, 1] }).value,
  measure(svcca(), { x, y: x }).value.toFixed(5),
]);
`;

export const namesInUse = 'accuracy, evaluate, klDivergence, measure, svcca';

/** By hand: p = softmax([1.5, 1, .5]), q its reverse; T²·KL = 4·(p₀ − p₂)·1 with p₀ − p₂ = (e − 1)/(e + √e + 1). */
const divergence = ((4 * (Math.E - 1)) / (Math.E + Math.sqrt(Math.E) + 1)).toFixed(5);

export const rightAnswer: string = JSON.stringify([divergence, divergence, 0.5, '1.00000']);
