/** What the command does, apart from its process. */
import { readFileSync } from 'node:fs';
import { isInputError } from '../compare/fault.ts';
import { compareFiles } from '../files/compareFiles.ts';
import { reportHtml } from '../page/reportHtml.ts';
import { reportJson } from '../page/reportJson.ts';
import { help, readCommandLine } from './commandLine.ts';
import { progressBar, type Terminal } from './progressBar.ts';
import { checkPlace, wholeFiles } from './wholeFiles.ts';

/** Where a command writes. */
export interface Surroundings {
  readonly out: Terminal;
  readonly errors: Terminal;
  /** Calls back when the work is to stop; returns what ends the listening. */
  onInterrupt(stop: () => void): () => void;
}

/** Runs the command; returns its exit status. */
export async function run(given: readonly string[], { out, errors, onInterrupt }: Surroundings): Promise<number> {
  const bar = progressBar(errors);
  const files = wholeFiles();
  let stopped = false;
  const deaf = onInterrupt(() => {
    stopped = true;
    files.abandon();
  });
  try {
    const request = readCommandLine(given);
    if (request.ask !== 'report') {
      out.write(request.ask === 'help' ? help : `${version()}\n`);
      return 0;
    }
    const places = [request.out, ...(request.json === undefined ? [] : [request.json])];
    for (const place of places) checkPlace(place);
    const comparison = await compareFiles(request.inputs, async (progress) => {
      bar.show(progress);
      // Signals are heard between two turns of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      if (stopped) throw new Error('interrupted');
    });
    files.write({
      [request.out]: await reportHtml(comparison),
      ...(request.json !== undefined && { [request.json]: reportJson(comparison) }),
    });
    bar.clear();
    if (out.isTTY) out.write(`Wrote ${places.join(' and ')}.\n`);
    return 0;
  } catch (error) {
    bar.clear();
    if (stopped) return 130;
    if (!isInputError(error)) throw error;
    errors.write(`dark-knowledge-report: ${error.message}\n`);
    return 2;
  } finally {
    deaf();
  }
}

/** The package's version; sources and the built command lie at different depths. */
function version(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const text = readFileSync(new URL(path, import.meta.url), 'utf8');
      const { name, version: own } = JSON.parse(text) as { readonly name: string; readonly version: string };
      if (name === 'dark-knowledge-report') return own;
    } catch {
      // The other depth, then.
    }
  }
  return 'unknown';
}
