/** Every study, in the order of the papers. */

import { deviations } from './deviations.ts';
import { domains } from './domains.ts';
import { inductiveBiasesAgreement } from './inductiveBiasesAgreement.ts';
import { inductiveBiasesMnist } from './inductiveBiasesMnist.ts';
import { inheritedBias } from './inheritedBias.ts';
import type { Study } from './study.ts';
import { whatIsLost } from './whatIsLost.ts';
import { whatTransfers } from './whatTransfers.ts';

export const studies: readonly Study[] = [
  inductiveBiasesMnist,
  inductiveBiasesAgreement,
  domains,
  whatTransfers,
  inheritedBias,
  deviations,
  whatIsLost,
];
