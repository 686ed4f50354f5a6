/** Every study, in the order of the papers. */
import { inductiveBiasesAgreement } from './agreement/agreement.ts';
import { domains } from './domains.ts';
import type { Study } from './study.ts';
import { whatIsLost } from './whatIsLost/whatIsLost.ts';

export const studies: readonly Study[] = [inductiveBiasesAgreement, domains, whatIsLost];
