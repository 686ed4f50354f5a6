import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namesInUse, type Project, pack, projectWith, rightAnswer, useOfTheLibrary } from '../support/project.ts';
import { tool } from './tool.ts';

let project: Project;
const print = 'console.log(answer);';

beforeAll(() => {
  project = projectWith(pack());
  project.write('use.mjs', `import { ${namesInUse} } from 'dark-knowledge';${useOfTheLibrary}${print}`);
  project.write('use.cjs', `const { ${namesInUse} } = require('dark-knowledge');${useOfTheLibrary}${print}`);
});

afterAll(() => project.remove());

describe('a script that imports the packed tarball, and one that requires it', () => {
  const runtimes = [
    ['Node', process.execPath, []],
    ['Bun', tool('@oven/bun-linux-x64/bin/bun'), []],
    ['Deno', tool('@deno/linux-x64-glibc/deno'), ['run', '--node-modules-dir=manual', '--allow-all']],
  ] as const;
  for (const [name, program, args] of runtimes) {
    for (const script of ['use.mjs', 'use.cjs']) {
      it.skipIf(!existsSync(program))(`in ${name}: ${script} gets the right numbers`, () => {
        const environment = { DENO_DIR: `${project.path}/deno`, DENO_NO_UPDATE_CHECK: '1' };
        expect(project.run(program, [...args, script], environment).trim()).toBe(rightAnswer);
      });
    }
  }
});
