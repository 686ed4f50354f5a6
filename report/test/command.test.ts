import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Comparison } from 'dark-knowledge-report';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readCommandLine } from '../src/command/commandLine.ts';
import { progressBar } from '../src/command/progressBar.ts';
import { run } from '../src/command/run.ts';
import { fixture, numbers } from './fixtures.ts';

let folder: string;
let out: string[];
let errors: string[];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dark-knowledge-report-'));
});
beforeEach(() => {
  out = [];
  errors = [];
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The command without a process of its own. */
const command = (given: readonly string[], isTTY = false) =>
  run(given, {
    out: { isTTY, write: (text) => out.push(text) },
    errors: { isTTY, write: (text) => errors.push(text) },
    onInterrupt: () => () => undefined,
  });

const files = [
  ...['--labels', fixture('labels.npy'), '--teacher', fixture('teacher.npz')],
  ...[
    '--student',
    `distilled=${fixture('distilled1.npz')}`,
    '--student',
    `distilled=${fixture('distilled2.safetensors')}`,
  ],
  ...['--student', `independent=${fixture('independent.parquet')}`],
  ...['--resamples', '200', '--class-names', fixture('classes.txt')],
];
const place = (name: string) => join(folder, name);

describe('the command', () => {
  it('writes a page and the numbers, and says nothing where nobody looks', async () => {
    expect(await command([...files, '--out', place('report.html'), '--json', place('report.json')])).toBe(0);
    expect([out, errors]).toEqual([[], []]);
    const page = readFileSync(place('report.html'), 'utf8');
    expect(page).toMatch(/^<!doctype html>/);
    expect(statSync(place('report.html')).size).toBeLessThan(3e6);
    const report = JSON.parse(readFileSync(place('report.json'), 'utf8')) as Comparison;
    expect(Object.keys(report.models)).toEqual(['teacher', 'distilled', 'independent']);
    expect(report.models.independent!.accuracy.value).toBe(numbers.independent.accuracy);
    for (const field of ['accuracy', 'expectedCalibrationError', 'negativeLogLikelihood', 'brierScore'] as const) {
      for (const model of Object.values(report.models)) {
        const { value, low, high } = model[field]!;
        expect(low).toBeLessThanOrEqual(value);
        expect(high).toBeGreaterThanOrEqual(value);
      }
    }
    expect(report.models.distilled!.cka!.block1!.value).toBeCloseTo(numbers.distilled1.cka!.block1!, 3);
    expect(Object.keys(report.differences)).toEqual(['distilled - independent']);
    expect(report.byClass.distilled!.groups.map(({ group }) => group)).toEqual(['cat', 'dog', 'owl', 'bee']);
    expect(readdirSync(folder)).toEqual(['report.html', 'report.json']);
  });

  it('shows a bar on a terminal, takes it away, and says where the page is', async () => {
    expect(await command([...files, '--out', place('report.html')], true)).toBe(0);
    expect(errors.join('')).toMatch(/Reading rows .*%.*Intervals .*100%/s);
    expect(errors.at(-1)).toBe('\r\x1b[2K');
    expect(out).toEqual([`Wrote ${place('report.html')}.\n`]);
  });

  it('explains itself', async () => {
    expect(await command(['--help'])).toBe(0);
    expect(out.join('')).toMatch(/--labels.*--teacher.*--student.*--out.*--json.*Exit status/s);
    for (const line of out.join('').split('\n')) expect(line.length).toBeLessThanOrEqual(130);
    expect(await command(['--version'])).toBe(0);
    expect(out.at(-1)).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('ends with 2 and one sentence for what it cannot read or write', async () => {
    const student = ['--student', fixture('predictions.npy')];
    const start = [...files.slice(0, 4)];
    for (const [given, message] of [
      [[], '--teacher FILE must be given, got none. --help shows how.'],
      [start, '--student NAME=FILE must be given, got none. --help shows how.'],
      [['--nonsense'], "Unknown option '--nonsense'. --help shows how."],
      [['--student'], '--help shows how.'],
      [[...start, ...student, '--seed', 'x'], '--seed must be a number, got x.'],
      [[...start, ...student, '--from', 'x'], '--from must be logits, probabilities or predictions, got x.'],
      [[...start, '--student', 'a='], '--student a= must name a file, got none.'],
      [
        [...start, ...student, '--class-names', place('none.txt')],
        `--class-names ${place('none.txt')} cannot be read.`,
      ],
      [[...start, ...student, '--out', place('none/report.html')], 'report.html cannot be written: there is no folder'],
      [[...start, ...student, '--out', folder], 'cannot be written: it is a folder.'],
      [
        [...start, '--student', fixture('broken.npz')],
        'broken.npz: logits must be free of NaN and infinity, got NaN in row 123',
      ],
    ] as const) {
      errors = [];
      expect(await command([...given])).toBe(2);
      expect(errors).toHaveLength(1);
      expect(errors[0]).toContain(message);
      expect(errors[0]).toMatch(/^dark-knowledge-report: [^\n]+\n$/);
      expect(out).toEqual([]);
    }
  });

  it('leaves an older report as it was where it fails', async () => {
    writeFileSync(place('old.html'), 'old');
    expect(await command([...files.slice(0, 4), '--student', fixture('broken.npz'), '--out', place('old.html')])).toBe(
      2,
    );
    expect(readFileSync(place('old.html'), 'utf8')).toBe('old');
    expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('names students by their files where no name is given', () => {
    const request = readCommandLine([
      '--teacher',
      't.npz',
      '--student',
      'runs/small.csv.gz',
      '--student',
      'x=y=z.npy#p',
    ]);
    expect(request.ask === 'report' && request.inputs.students).toEqual({
      small: ['runs/small.csv.gz'],
      x: ['y=z.npy#p'],
    });
  });

  it('asks for names where files without one are called the same: they are no trials of one student', async () => {
    const [one, two] = ['kd/model.npz', 'crd/model.npz'];
    for (const students of [
      [one, two],
      [`model=${one}`, two],
      [one, `model=${two}`],
    ]) {
      errors = [];
      const given = students.flatMap((student) => ['--student', student!]);
      expect(await command([...files.slice(0, 4), ...given])).toBe(2);
      expect(errors[0]).toContain(
        'must be given a name, as model is taken by kd/model.npz: --student NAME=crd/model.npz.',
      );
    }
  });

  it('stops between two steps where it is interrupted', async () => {
    let stop = () => {};
    let deaf = 0;
    const status = await run([...files, '--out', place('stopped.html')], {
      out: { write: () => true },
      // The bar is at work: now.
      errors: { isTTY: true, write: () => stop() },
      onInterrupt(given) {
        stop = given;
        return () => deaf++;
      },
    });
    expect([status, deaf]).toEqual([130, 1]);
    expect(readdirSync(folder).filter((name) => name.includes('stopped'))).toEqual([]);
  });

  it('ends on Ctrl-C without a file, whole or half', { timeout: 60_000 }, async () => {
    const script = fileURLToPath(new URL('../src/command/index.ts', import.meta.url));
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const child = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        script,
        ...files,
        '--resamples',
        '100000',
        '--out',
        place('never.html'),
        '--json',
        place('never.json'),
      ],
      { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
    // A process that has not begun to listen is ended by the signal itself: ask until it says that it heard.
    const asking = setInterval(() => child.kill('SIGINT'), 2500);
    const status = await ended;
    clearInterval(asking);
    expect([130, null]).toContain(status);
    expect(said).toBe('');
    expect(existsSync(place('never.html')) || existsSync(place('never.json'))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('refuses a folder that may not be written to, before it reads', async (context) => {
    if (process.getuid?.() === 0) return context.skip('root may write anywhere');
    chmodSync(folder, 0o500);
    expect(await command([...files, '--out', place('report.html')])).toBe(2);
    chmodSync(folder, 0o700);
    expect(errors[0]).toContain('may not be written to');
  });
});

describe('the progress bar', () => {
  it('is silent where there is no terminal', () => {
    const said: string[] = [];
    const bar = progressBar({ write: (text) => said.push(text) });
    bar.show({ stage: 'reading', done: 5, of: 5 });
    bar.clear();
    expect(said).toEqual([]);
  });

  it('counts rows where nobody knows how many there are', () => {
    const said: string[] = [];
    const bar = progressBar({ isTTY: true, columns: 60, write: (text) => said.push(text) });
    bar.show({ stage: 'reading', done: 12_345, of: undefined });
    expect(said.join('')).toContain('Reading rows  12,345');
  });
});
