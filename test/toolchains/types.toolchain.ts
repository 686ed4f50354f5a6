import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Project, pack, projectWith } from '../support/project.ts';
import { scriptOfEveryEntry, typeCheck } from '../support/typeCheck.ts';
import { tool } from './tool.ts';

let project: Project;

beforeAll(() => {
  project = projectWith(pack());
  project.write('script.ts', scriptOfEveryEntry);
  project.link('@webgpu/types');
});

afterAll(() => project.remove());

const bare = { lib: ['ES2022'], types: [] };
const withDom = { lib: ['ES2022', 'DOM'], types: [] };
// Both declare WebGPU from TypeScript 5.9 on, and contradict each other.
const withBoth = { lib: ['ES2022', 'DOM'], types: ['@webgpu/types'], skipLibCheck: true };

describe('types', () => {
  for (const version of ['5.6', '5.7', '5.8', '5.9', '7']) {
    const compiler = tool(`typescript${version.replace('.', '')}`);
    it(`in TypeScript ${version}: without the DOM library, with it, and with @webgpu/types; by node16, nodenext, bundler`, () => {
      typeCheck(project, compiler, { module: 'NodeNext', ...bare });
      typeCheck(project, compiler, { module: 'Node16', ...withDom });
      typeCheck(project, compiler, { module: 'ESNext', moduleResolution: 'Bundler', ...withBoth });
    });

    // TypeScript 7 has given up that resolution.
    it.skipIf(version === '7')(`in TypeScript ${version}: by the resolution of Node 10`, () => {
      typeCheck(project, compiler, { module: 'ESNext', moduleResolution: 'Node10', ...bare });
    });
  }
});
