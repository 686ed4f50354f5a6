/** Files that Python wrote (`fixtures/write.py`), and what NumPy makes of them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The path of a fixture. */
export const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

interface Numbers {
  readonly accuracy: number;
  readonly expectedCalibrationError: number;
  readonly overconfidence: number;
  readonly negativeLogLikelihood: number;
  readonly brierScore: number;
  readonly agreement?: number;
  readonly klDivergence?: number;
  readonly cka?: Readonly<Record<string, number>>;
}

/** What NumPy finds. */
export const numbers = JSON.parse(readFileSync(fixture('numbers.json'), 'utf8')) as {
  readonly rows: number;
  readonly classes: number;
  readonly teacher: Numbers;
  readonly distilled1: Numbers;
  readonly distilled2: Numbers;
  readonly independent: Numbers;
  readonly byGroup: Readonly<Record<string, { readonly count: number; readonly independent: number }>>;
};
