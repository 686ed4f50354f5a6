/** What the studies use of jstat, which brings no declarations. */
declare module 'jstat' {
  const jstat: {
    readonly studentt: { inv(probability: number, degreesOfFreedom: number): number };
    readonly centralF: { inv(probability: number, numeratorFreedom: number, denominatorFreedom: number): number };
  };
  export = jstat;
}
