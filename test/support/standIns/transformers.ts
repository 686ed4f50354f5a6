/** The part of transformers.js that the guide uses, in the shape of its declarations. */

interface Tensor {
  readonly type: string;
  readonly data: Float32Array;
  readonly dims: number[];
}

const tensor = (rows: readonly (readonly number[])[]): Tensor => ({
  type: 'float32',
  data: Float32Array.from(rows.flat()),
  dims: [rows.length, rows[0]!.length],
});

/** Where models are looked for. */
export const env = { localModelPath: '/models/', allowRemoteModels: true };

export async function pipeline(
  _task: 'feature-extraction',
  _model: string,
  _options?: { dtype: 'fp32' },
): Promise<(texts: string[], options: { pooling: 'mean'; normalize: boolean }) => Promise<Tensor>> {
  return async (texts) => tensor(texts.map(() => [1, 0, 0]));
}

interface Encoding {
  readonly texts: number;
}

export const AutoTokenizer = {
  from_pretrained: async (_name: string) => (texts: string[], _options: { padding: boolean }) =>
    ({ texts: texts.length }) as Encoding,
};

export const AutoModelForSequenceClassification = {
  from_pretrained: async (_name: string) => async (encoding: Encoding) => ({
    logits: tensor(Array.from({ length: encoding.texts }, (_, text) => (text === 0 ? [0, 1] : [1, 0]))),
  }),
};
