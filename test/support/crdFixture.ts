/** PyTorch's run of the reference algorithm: `test/fixtures/crd.json`. */
import { readFileSync } from 'node:fs';
import type { CrdOptions } from 'dark-knowledge';

type Matrix = readonly (readonly number[])[];

interface CrdFixture {
  readonly inputs: {
    readonly studentFeatures: Matrix;
    readonly teacherFeatures: Matrix;
    readonly studentProjectionWeight: Matrix;
    readonly studentProjectionBias: readonly number[];
    readonly teacherProjectionWeight: Matrix;
    readonly teacherProjectionBias: readonly number[];
  };
  readonly banks: { readonly studentBank: Matrix; readonly teacherBank: Matrix };
  readonly banksAfterUpdate: { readonly studentBank: Matrix; readonly teacherBank: Matrix };
  readonly indices: readonly number[];
  readonly contrastIndices: Matrix;
  readonly cases: readonly {
    readonly title: string;
    readonly options: CrdOptions;
    readonly positiveIndices: readonly number[];
    readonly rowWeights: readonly number[] | null;
    readonly logPartitions: readonly [student: number, teacher: number];
    readonly value: number;
    readonly gradients: CrdFixture['inputs'];
  }[];
}

export const crdFixture = JSON.parse(
  readFileSync(new URL('../fixtures/crd.json', import.meta.url), 'utf8'),
) as CrdFixture;
