/**
 * Time and peak memory of a report, on files as Python would save them:
 *
 *     npm run bench:report
 *     npm run bench:report -- --rows 100000 --classes 1000
 *
 * A teacher and two students, intervals of 1000 resamples. Files go to the system's temporary folder (1.2 GB
 * a case) and are taken away again.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeLabels, writeLogits } from './files.ts';

const { values } = parseArgs({ options: { rows: { type: 'string' }, classes: { type: 'string' } } });
const cases: readonly (readonly [rows: number, classes: number])[] =
  values.rows === undefined && values.classes === undefined
    ? [
        [1_000_000, 100],
        [100_000, 1000],
      ]
    : [[Number(values.rows ?? 1_000_000), Number(values.classes ?? 100)]];

/** What a run cost. */
interface Cost {
  readonly seconds: number;
  /** Of processors, which on a busy machine says more. */
  readonly processor: number;
  readonly megabytes: number;
}

/** The command in a process of its own, which says at its end how much memory it took at most. */
function measured(given: readonly string[]): Promise<Cost> {
  const script = fileURLToPath(new URL('./measured.ts', import.meta.url));
  const started = performance.now();
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...given], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  return new Promise((resolve, reject) => {
    child.on('exit', (status) => {
      const seconds = (performance.now() - started) / 1000;
      const [kilobytes, processor] = said.trim().split(' ').map(Number);
      if (status === 0) resolve({ seconds, processor: processor!, megabytes: kilobytes! / 1024 });
      else reject(new Error(`the command ended with ${status}`));
    });
  });
}

for (const [rows, classes] of cases) {
  const folder = mkdtempSync(join(tmpdir(), 'dark-knowledge-report-'));
  const path = (name: string) => join(folder, name);
  try {
    writeLabels(path('labels.npy'), rows, classes);
    writeLogits(path('teacher.npy'), rows, classes, { seed: 1, skill: 4 });
    writeLogits(path('distilled.npy'), rows, classes, { seed: 2, skill: 3.5 });
    writeLogits(path('independent.npy'), rows, classes, { seed: 3, skill: 3 });
    const { seconds, processor, megabytes } = await measured([
      ...['--labels', path('labels.npy'), '--teacher', path('teacher.npy')],
      ...['--student', `distilled=${path('distilled.npy')}`, '--student', `independent=${path('independent.npy')}`],
      ...['--out', path('report.html'), '--json', path('report.json')],
    ]);
    const page = statSync(path('report.html')).size / 1e6;
    console.log(
      `${rows} × ${classes}: ${seconds.toFixed(1)} s (${processor.toFixed(1)} s of processors), peak memory ${Math.round(megabytes)} MB, page ${page.toFixed(2)} MB`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
