import { conformanceCases } from 'dark-knowledge/testing';
import { describe, it } from 'vitest';
import { openTfjs, tfjsBackendNames } from '../support/tfjs.ts';

for (const name of tfjsBackendNames) {
  const opened = await openTfjs(name);
  describe(`tfjsBackend on ${name}`, () => {
    if ('missing' in opened) {
      it.skip(opened.missing);
      return;
    }
    for (const { title, check } of conformanceCases(opened)) it(title, check);
  });
}
