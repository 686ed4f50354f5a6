import { conformanceCases } from 'dark-knowledge/testing';
import type { WebgpuBackend } from 'dark-knowledge/webgpu';
import { describe, it } from 'vitest';
import { testWebgpu } from '../support/webgpuTests.ts';

describe('the webgpu backend', () => {
  const need = testWebgpu();

  // The titles do not depend on the backend; the checks run on the one that is open by then.
  const titles = conformanceCases({} as WebgpuBackend).map(({ title }) => title);
  titles.forEach((title, at) => {
    it(title, async (context) => {
      await conformanceCases(need(context))[at]!.check();
    });
  });
});
