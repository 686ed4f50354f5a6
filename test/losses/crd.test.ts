import { readFileSync } from 'node:fs';
import { crd } from 'dark-knowledge';
import { describeLoss, type LossCase } from '../support/lossSuite.ts';

interface Fixture {
  readonly inputs: LossCase['inputs'];
  readonly banks: LossCase['inputs'];
  readonly indices: readonly number[];
  readonly contrastIndices: readonly (readonly number[])[];
  readonly cases: readonly {
    readonly title: string;
    readonly options: Parameters<typeof crd>[0];
    readonly positiveIndices: readonly number[];
    readonly rowWeights: readonly number[] | null;
    readonly logPartitions: readonly [number, number];
    readonly value: number;
    readonly gradients: LossCase['inputs'];
  }[];
}

const fixture = JSON.parse(readFileSync(new URL('../fixtures/crd.json', import.meta.url), 'utf8')) as Fixture;

describeLoss('crd', [
  ...fixture.cases.map((test): LossCase => ({
    title: `PyTorch, ${test.title}`,
    loss: crd(test.options),
    inputs: {
      ...fixture.inputs,
      ...fixture.banks,
      positiveIndices: test.positiveIndices,
      contrastIndices: fixture.contrastIndices,
      studentLogPartition: test.logPartitions[0],
      teacherLogPartition: test.logPartitions[1],
      ...(test.rowWeights ? { rowWeights: test.rowWeights } : {}),
    },
    value: test.value,
    gradients: test.gradients,
  })),
]);
