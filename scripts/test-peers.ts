/**
 * Runs the tfjs part of the suite against the versions of tfjs that package.json admits as peers: types and tests in a copy of
 * the project, beside packages of that version alone. The lowest one runs every loss and metric on tfjs as well.
 *
 *     npm run test:peers                the versions below
 *     npm run test:peers -- 4.15.0     another one
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The lowest that is admitted, one that npm once refused beside the library, and the one that everything else runs on. */
const lowest = '4.10.0';
const versions = [lowest, '4.16.0', '4.20.0', '4.22.0'];

const packages = ['tfjs-core', 'tfjs-backend-cpu', 'tfjs-backend-wasm', 'tfjs-layers', 'tfjs-data'];
const webgpu = 'node_modules/@tensorflow/tfjs-backend-webgpu';
const parts = ['src', 'test', 'examples', 'package.json', 'tsconfig.json', 'tsconfig.check.json', 'vitest.config.ts'];

function run(folder: string, command: string, ...given: string[]): void {
  execFileSync(command, given, { cwd: folder, stdio: 'inherit', env: { ...process.env, ...requirements } });
}

// What is required elsewhere need not be there for these versions.
const requirements = { DARK_KNOWLEDGE_REQUIRED_BACKENDS: 'tfjs:cpu,tfjs:wasm', DARK_KNOWLEDGE_TFJS_BACKENDS: '' };

/** The packages of one version, then links to all others that the project has. */
function install(folder: string, version: string): void {
  const own = packages.map((name) => `@tensorflow/${name}@${version}`);
  // A folder without a project of its own: package.json and its other packages come afterwards.
  run(folder, 'npm', 'install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', ...own, 'seedrandom@3');
  const modules = join(root, 'node_modules');
  for (const name of readdirSync(modules).filter((entry) => entry !== '.package-lock.json')) {
    if (name === '@tensorflow') continue;
    const names = name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => join(name, inner)) : [name];
    for (const entry of names) {
      const target = join(folder, 'node_modules', entry);
      mkdirSync(dirname(target), { recursive: true });
      if (!existsSync(target)) symlinkSync(join(modules, entry), target);
    }
  }
}

function test(version: string): void {
  const folder = mkdtempSync(join(tmpdir(), `dark-knowledge-tfjs-${version}-`));
  try {
    install(folder, version);
    const { version: got } = JSON.parse(
      readFileSync(join(folder, 'node_modules/@tensorflow/tfjs-core/package.json'), 'utf8'),
    ) as { version: string };
    // Of the WebGPU backend, which has a version of its own, the sources import types.
    cpSync(join(root, webgpu), join(folder, webgpu), { recursive: true });
    if (got !== version) throw new Error(`test-peers: npm installed tfjs-core ${got} for ${version}.`);
    for (const part of parts) cpSync(join(root, part), join(folder, part), { recursive: true });
    run(folder, process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '-p', '.');
    const vitest = [process.execPath, join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=dot'] as const;
    run(folder, ...vitest, 'test/tfjs');
    if (version === lowest) run(folder, ...vitest, 'test/losses', 'test/metrics', '-t', 'on tfjs:');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const asked = process.argv.slice(2);
for (const version of asked.length > 0 ? asked : versions) {
  console.log(`\n== @tensorflow/tfjs-core ${version}`);
  test(version);
}
