import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { run } from '../../report/src/command/run.ts';
import { runGuide } from '../support/guide.ts';

const { guideResults } = JSON.parse(readFileSync(new URL('../fixtures/files.json', import.meta.url), 'utf8')) as {
  readonly guideResults: { readonly agreement: number };
};
const text = readFileSync(new URL('../../docs/report.md', import.meta.url), 'utf8');
const fixtures = fileURLToPath(new URL('../fixtures/files', import.meta.url));

describe('the guide to the report', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dark-knowledge-report-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('has a command that runs as it stands, and gives the numbers shown', async () => {
    const [, line] = /```sh\nnpx dark-knowledge-report (.*)\n```/.exec(text)!;
    const given = line!
      .split(' ')
      .map((word) => word.replace(/(teacher\.npz|student\.safetensors)$/, join(fixtures, '$1')))
      .map((word) => word.replace(/^report\.(html|json)$/, join(folder, 'report.$1')));
    const errors: string[] = [];
    const status = await run(given, {
      out: { write: () => true },
      errors: { write: (said) => errors.push(said) },
      onInterrupt: () => () => undefined,
    });
    expect([status, errors]).toEqual([0, []]);
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'));
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toMatch(/^<!doctype html>/);
    expect(report.rows).toBe(600);
    const { value, low, high } = report.models.teacher.accuracy;
    const shown = /"accuracy": \{ "value": ([\d.]+), "low": ([\d.]+), "high": ([\d.]+) \}/.exec(text)!;
    expect([value, low, high].map((number) => Number(number.toFixed(3)))).toEqual(shown.slice(1).map(Number));
    expect(report.models.distilled.agreement.value).toBeCloseTo(guideResults.agreement, 10);
  });

  it('has code that gives the numbers that it shows, and a page', async () => {
    const said: unknown[][] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((...values) => said.push(values));
    const before = process.cwd();
    // The guide writes where it stands.
    for (const name of ['teacher.npz', 'student.safetensors']) copyFileSync(join(fixtures, name), join(folder, name));
    process.chdir(folder);
    await runGuide('docs/report.md').finally(() => {
      process.chdir(before);
      log.mockRestore();
    });
    expect(said).toEqual([/\/\/ (.*)\nawait writeFile/.exec(text)![1]!.split(' ')]);
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toMatch(/^<!doctype html>/);
    expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')).rows).toBe(600);
  });

  it('names every option of the command that it does not leave to --help', () => {
    for (const [option] of text.matchAll(/--[a-z-]+(?= [a-z])/g)) {
      expect(readFileSync(new URL('../../report/src/command/commandLine.ts', import.meta.url), 'utf8')).toContain(
        option,
      );
    }
  });
});
