import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namesInUse, type Project, pack, projectWith, rightAnswer, useOfTheLibrary } from '../support/project.ts';
import { tool } from './tool.ts';

const workerd = tool('@cloudflare/workerd-linux-64/bin/workerd');
let project: Project;
let worker: ChildProcess | undefined;

beforeAll(() => {
  project = projectWith(pack());
});

afterAll(() => {
  worker?.kill();
  project.remove();
});

/** Starts workerd on a free port; it says which on its control channel. */
async function serve(config: string): Promise<number> {
  const args = ['serve', config, '--control-fd=3', '--socket-addr=http=127.0.0.1:0'];
  worker = spawn(workerd, args, {
    cwd: project.path,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let said = '';
    worker?.stderr?.on('data', (data) => {
      said += data;
    });
    worker?.stdio[3]?.on('data', (data: Buffer) => {
      for (const line of String(data).trim().split('\n')) {
        const message = JSON.parse(line) as { readonly event: string; readonly port: number };
        if (message.event === 'listen') resolve(message.port);
      }
    });
    worker?.on('exit', (code) => reject(new Error(`workerd ended with ${code}: ${said}`)));
  });
}

describe('an edge worker (workerd), which compiles no WebAssembly at run time', () => {
  it.skipIf(!existsSync(workerd))('answers with the right numbers', async () => {
    const code = `import { ${namesInUse} } from 'dark-knowledge';
export default { fetch() { ${useOfTheLibrary} return new Response(answer); } };`;
    const { outputFiles } = await build({
      stdin: { contents: code, resolveDir: project.path },
      bundle: true,
      format: 'esm',
      write: false,
      platform: 'browser',
    });
    project.write('worker.js', outputFiles[0]!.text);
    project.write(
      'config.capnp',
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (modules = [(name = "worker.js", esModule = embed "worker.js")], compatibilityDate = "2025-01-01"))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);`,
    );
    const port = await serve('config.capnp');
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect(await response.text()).toBe(rightAnswer);
  });
});
