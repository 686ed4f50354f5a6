import { cpuBackend } from 'dark-knowledge/cpu';
import { conformanceCases } from 'dark-knowledge/testing';
import { describe, it } from 'vitest';

for (const precision of ['float32', 'float64'] as const) {
  describe(`the cpu backend in ${precision}`, () => {
    for (const { title, check } of conformanceCases(cpuBackend({ precision }))) it(title, check);
  });
}
