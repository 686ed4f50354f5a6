/** Files that are there whole or not at all: written beside their place, and put there when all of them are done. */
import { accessSync, constants, existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { inputError } from '../compare/fault.ts';

/** Refuses a place where no file can be written, before the work is done. */
export function checkPlace(path: string): void {
  const folder = dirname(resolve(path));
  const refuse = (reason: string, cause?: unknown) => inputError(`${path} cannot be written: ${reason}.`, cause);
  if (!existsSync(folder)) throw refuse(`there is no folder ${folder}`);
  if (existsSync(path) && statSync(path).isDirectory()) throw refuse('it is a folder');
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw refuse(`the folder ${folder} may not be written to`, error);
  }
}

/** Files under way. */
export interface WholeFiles {
  write(files: Readonly<Record<string, string>>): void;
  /** Takes away what is not whole. */
  abandon(): void;
}

/** No files yet. */
export function wholeFiles(): WholeFiles {
  const partial = new Set<string>();
  const abandon = () => {
    for (const path of partial) rmSync(path, { force: true });
    partial.clear();
  };
  return {
    write(files) {
      try {
        const ready = Object.entries(files).map(([path, text]) => {
          const beside = join(dirname(resolve(path)), `.${basename(path)}.${process.pid}.partial`);
          partial.add(beside);
          writeFileSync(beside, text);
          return [beside, path] as const;
        });
        for (const [beside, path] of ready) {
          renameSync(beside, path);
          partial.delete(beside);
        }
      } catch (error) {
        abandon();
        const reason = error instanceof Error ? error.message : String(error);
        throw inputError(`${Object.keys(files).join(' and ')} cannot be written: ${reason}.`, error);
      }
    },
    abandon,
  };
}
