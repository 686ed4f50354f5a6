/** The end of a report: what the paper says, what this run shows, and what it does not, in words that follow the numbers. */

/** One model's number on one test set. */
export interface Finding {
  readonly group: string;
  readonly set: string;
  readonly accuracy: number;
  readonly calibrationError: number;
  readonly agreementWithTeacher: number;
  readonly cka: number;
}

export type Field = Exclude<keyof Finding, 'group' | 'set'>;

/** How two groups of students differ, and how far their trials alone would make them differ. */
export interface Difference {
  readonly first: number;
  readonly second: number;
  /** first − second. */
  readonly value: number;
  /** Twice the standard error of the difference of the means; null for a single trial. */
  readonly error: number | null;
}

/** Compares the means of two groups. */
export function differenceOf(
  findings: readonly Finding[],
  field: Field,
  set: string,
  [first, second]: readonly [string, string],
): Difference {
  const [a, b] = [first, second].map((group) =>
    meanAndVariance(findings.filter((row) => row.group === group && row.set === set).map((row) => row[field])),
  ) as [Moments, Moments];
  const error =
    a.variance === null || b.variance === null ? null : 2 * Math.sqrt(a.variance / a.count + b.variance / b.count);
  return { first: a.mean, second: b.mean, value: a.mean - b.mean, error };
}

interface Moments {
  readonly mean: number;
  readonly variance: number | null;
  readonly count: number;
}

function meanAndVariance(values: readonly number[]): Moments {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2) return { mean, variance: null, count };
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1), count };
}

/** `higher`, `lower` or, where the trials could have made the difference by themselves, `alike`. */
export function verdict({ value, error }: Difference): 'higher' | 'lower' | 'alike' {
  if (Math.abs(value) <= (error ?? 0)) return 'alike';
  return value > 0 ? 'higher' : 'lower';
}

const signed = (value: number): string => (value < 0 ? `−${Math.abs(value).toFixed(3)}` : `+${value.toFixed(3)}`);

/** `0.912 against 0.871 (+0.041 ± 0.010)`. */
function inNumbers({ first, second, value, error }: Difference): string {
  const margin = error === null ? ', one trial' : ` ± ${error.toFixed(3)}`;
  return `${first.toFixed(3)} against ${second.toFixed(3)} (${signed(value)}${margin})`;
}

interface Claim {
  readonly field: Field;
  readonly set: string;
  readonly expected: 'higher' | 'lower' | 'alike';
  /** What the paper says. */
  readonly says: string;
}

function judge(findings: readonly Finding[], { field, set, expected, says }: Claim): string {
  const difference = differenceOf(findings, field, set, ['distilled', 'independent']);
  const found = verdict(difference);
  const holds = found === expected ? 'so it is here' : found === 'alike' ? 'not to be told apart here' : 'not so here';
  return `- ${says}: ${holds}, ${inNumbers(difference)}.`;
}

const claims: readonly Claim[] = [
  {
    field: 'accuracy',
    set: 'translated',
    expected: 'higher',
    says: 'It is more often right on moved digits, which no student has seen',
  },
  { field: 'accuracy', set: 'scaled', expected: 'higher', says: 'It is more often right on smaller digits' },
  {
    field: 'calibrationError',
    set: 'translated',
    expected: 'lower',
    says: 'On moved digits it knows better when it is wrong (calibration error)',
  },
  {
    field: 'agreementWithTeacher',
    set: 'translated',
    expected: 'higher',
    says: 'It says what the teacher says more often, on moved digits',
  },
  {
    field: 'cka',
    set: 'translated',
    expected: 'higher',
    says: "Its features are more like the teacher's (CKA), on moved digits",
  },
];

/** What a run was like. */
export interface StudyRun {
  readonly images: number;
  readonly epochs: number;
  readonly trials: number;
  readonly temperature: number;
}

/** The conclusion of the main example. */
export function concludeStudy(findings: readonly Finding[], run: StudyRun): string {
  const plain = differenceOf(findings, 'accuracy', 'mnist', ['distilled', 'independent']);
  const agrees = differenceOf(findings, 'agreementWithTeacher', 'mnist', ['distilled', 'independent']);
  const teacher = findings.find(({ group, set }) => group === 'teacher' && set === 'mnist')!;
  const { images, epochs, trials, temperature } = run;
  return [
    'What this shows',
    'The paper (Abnar, Dehghani, Zuidema 2020) says that a perceptron distilled from a convolutional network takes over what',
    'convolution brings along, beside answers. Of the distilled student against the same perceptron trained on labels:',
    ...claims.map((claim) => judge(findings, claim)),
    `On digits as they are: accuracy ${inNumbers(plain)}; the teacher has ${teacher.accuracy.toFixed(3)}.`,
    ...plainly(verdict(plain), agrees.first, teacher.accuracy, run),
    'What it does not show',
    `- The paper trains to the end on 60 000 images; this run saw ${images} images ${epochs} times. \`--full\` comes nearer.`,
    `- ± is twice the standard error over ${trials} ${trials === 1 ? 'trial' : 'trials'}: a few trials tell large differences from chance, not small ones.`,
    '- All students start from the same weights, and there is one teacher: how much depends on either is not known from this.',
    `- The distilled student sees no labels and one temperature, ${temperature}; a mixture with labels is not tried here.`,
  ].join('\n');
}

/** Why a student of a better teacher need not be better where labels are plentiful. */
function plainly(
  found: ReturnType<typeof verdict>,
  agrees: number,
  teacher: number,
  { temperature }: StudyRun,
): string[] {
  if (found === 'higher') return ['Here the teacher helps too.'];
  if (found === 'alike') return ['No clear gain: labels alone suffice for digits like those of the training set.'];
  return [
    `The distilled one is behind, and the run says why. It was asked for all of the teacher's answer, at temperature ${temperature}, and`,
    `has not come to the end of that: it says what the teacher says on ${agrees.toFixed(3)} of these digits, and would be right on`,
    `${teacher.toFixed(3)} if it did so on all. The other was asked for the label alone, which is what accuracy counts. Whether more`,
    'epochs close the gap is what `--full` is for.',
  ];
}

/** A method of the second example, with its numbers. */
export interface MethodFinding {
  readonly method: string;
  readonly accuracy: Readonly<Record<string, number>>;
  readonly cka: number;
}

/** The conclusion of the example of contrastive distillation. */
export function concludeMethods(findings: readonly MethodFinding[], testImages: number): string {
  const students = findings.filter(({ method }) => method !== 'teacher');
  const sets = Object.keys(students[0]!.accuracy);
  // Two shares near p of so many images differ by chance by up to this, at 95 %, if their errors are independent.
  const chanceOf = (set: string): number => {
    const share = students.reduce((sum, { accuracy }) => sum + accuracy[set]!, 0) / students.length;
    return 2 * Math.sqrt((2 * share * (1 - share)) / testImages);
  };
  const order = (set: string): string =>
    [...students]
      .sort((a, b) => b.accuracy[set]! - a.accuracy[set]!)
      .map(({ method, accuracy }) => `${method} ${accuracy[set]!.toFixed(3)}`)
      .join(', ');
  const nearest = [...students].sort((a, b) => b.cka - a.cka)[0]!;
  const crd = students.find(({ method }) => method === 'CRD')!;
  const rest = students.filter(({ method }) => method !== 'CRD');
  const led = sets.filter((set) => rest.every(({ accuracy }) => crd.accuracy[set]! > accuracy[set]! + chanceOf(set)));
  const behind = sets.filter((set) => rest.some(({ accuracy }) => accuracy[set]! > crd.accuracy[set]! + chanceOf(set)));
  const stands = [
    led.length > 0 ? `it leads beyond chance on ${led.join(', ')}` : 'it leads beyond chance on no set',
    ...(behind.length > 0 ? [`it is behind another beyond chance on ${behind.join(', ')}`] : []),
  ].join(', and ');
  return [
    'What this shows',
    'The paper (Tian, Krishnan, Isola 2020) says that contrasting features beats imitating answers or features, on CIFAR-100 and',
    'ImageNet, and does so by more together with answers.',
    ...sets.map((set) => `- On ${set}: ${order(set)}; by chance they may differ by ±${chanceOf(set).toFixed(3)}.`),
    `- CRD here: ${stands}.`,
    `- Features are most like the teacher's by ${nearest.method}, CKA ${nearest.cka.toFixed(3)}.`,
    'What it does not show',
    '- MNIST leaves little to gain where labels are known, and this is one trial of each method: an order within chance is none.',
    '- Each method has one weight, set by hand: another can turn the order.',
    '- CRD is without answers here. The paper adds them, which costs a term of `weightedSum`.',
  ].join('\n');
}
