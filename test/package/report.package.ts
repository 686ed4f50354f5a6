import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fixtures = join(root, 'report/test/fixtures');
let project: string;

const run = (command: string, ...given: string[]): string =>
  execFileSync(command, given, { cwd: project, encoding: 'utf8', stdio: 'pipe' });

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'dark-knowledge-report-consumer-'));
  const pack = ['pack', '--ignore-scripts', '--pack-destination', project];
  execFileSync('npm', pack, { cwd: root, stdio: 'pipe' });
  execFileSync('npm', [...pack, '--workspace', 'report'], { cwd: root, stdio: 'pipe' });
  const tarballs = readdirSync(project).filter((file) => file.endsWith('.tgz'));
  expect(tarballs).toHaveLength(2);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  run('npm', 'install', '--no-audit', '--no-fund', ...tarballs.map((file) => `./${file}`));
  for (const file of ['teacher.npz', 'independent.parquet']) copyFileSync(join(fixtures, file), join(project, file));
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

describe('the packed report, installed beside the packed library', () => {
  it('has its command', () => {
    const command = join(project, 'node_modules/.bin/dark-knowledge-report');
    const said = run(command, '--teacher', 'teacher.npz', '--student', 'independent.parquet', '--json', 'report.json');
    expect(said).toBe('');
    expect(readFileSync(join(project, 'report.html'), 'utf8')).toMatch(/^<!doctype html>/);
    const { models } = JSON.parse(readFileSync(join(project, 'report.json'), 'utf8'));
    expect(models.independent.cka.block1.value).toBeGreaterThan(0);
  });

  it('has its functions', () => {
    const use = `
import { compareModels, reportHtml } from 'dark-knowledge-report';
const comparison = compareModels({ labels: [0, 1], teacher: [[1, 0], [0, 1]], students: { student: [[1, 0], [1, 0]] } });
const page = await reportHtml(comparison);
console.log(comparison.models.student.accuracy.value, page.startsWith('<!doctype html>'));
`;
    writeFileSync(join(project, 'use.mjs'), use);
    expect(run(process.execPath, 'use.mjs').trim()).toBe('0.5 true');
  });
});
