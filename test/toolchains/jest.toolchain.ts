import { afterEach, beforeAll, describe, it } from 'vitest';
import { namesInUse, type Project, pack, projectWith, rightAnswer, useOfTheLibrary } from '../support/project.ts';
import { tool, tools } from './tool.ts';

let tarball: string;
let project: Project;

beforeAll(() => {
  tarball = pack();
});

afterEach(() => project.remove());

const check = `${useOfTheLibrary}\ntest('the numbers', () => { expect(answer).toBe(${JSON.stringify(rightAnswer)}); });`;
const imported = `import { ${namesInUse} } from 'dark-knowledge';${check}`;

function runJest(environment: Readonly<Record<string, string>> = {}): void {
  project.run(process.execPath, [tool('jest/bin/jest.js'), '--ci', '--cacheDirectory', `${project.path}/cache`], {
    ...environment,
  });
}

describe('Jest with the packed tarball', () => {
  it('runs tests that are modules by the one line of the guide', () => {
    project = projectWith(tarball);
    project.write('numbers.test.js', imported);
    runJest({ NODE_OPTIONS: '--experimental-vm-modules' });
  });

  it('runs tests that Babel makes CommonJS by the configuration of the guide', () => {
    project = projectWith(tarball, {});
    project.link('babel-jest', tools);
    project.link('@babel', tools);
    project.write('numbers.test.js', imported);
    project.write(
      'jest.config.js',
      `module.exports = {
  transform: { '\\\\.[jt]sx?$': ['babel-jest', { presets: [['@babel/preset-env', { targets: { node: 'current' } }]] }] },
  transformIgnorePatterns: ['/node_modules/(?!dark-knowledge/)'],
};`,
    );
    runJest();
  });

  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  it.skipIf(major < 24 || (major === 24 && minor < 9))('requires it as it is, from Node 24.9 on', () => {
    project = projectWith(tarball, {});
    project.write('numbers.test.js', `const { ${namesInUse} } = require('dark-knowledge');${check}`);
    runJest();
  });
});
