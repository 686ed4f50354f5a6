/** Reads files in a page, by the platform's own `Blob` and `DecompressionStream`; the test compares with Node. */
import { openTensors } from 'dark-knowledge/files';

async function contents(file: Blob): Promise<string> {
  const { tensors } = await openTensors(file);
  const read: [string, string, string][] = [];
  for (const [name, tensor] of Object.entries(tensors)) {
    // Row by row, and as a whole.
    let rows = '';
    for (let row = 0; row < (tensor.shape[0] ?? 0); row++)
      rows += `${Array.from((await tensor.rows(row, row + 1)).data)};`;
    read.push([name, rows, String(Array.from((await tensor.read()).data))]);
  }
  return JSON.stringify(read);
}

async function fetched(name: string): Promise<Blob> {
  return (await fetch(name)).blob();
}

Object.assign(globalThis, {
  contentsOf: async (name: string): Promise<string> => contents(new File([await fetched(name)], name)),
  /** What a page says of each changed byte: how often the data were the same, how often an error said where; the rest. */
  async damaged(name: string): Promise<{ same: number; refused: number; others: string[] }> {
    const bytes = new Uint8Array(await (await fetched(name)).arrayBuffer());
    const whole = await contents(new Blob([bytes]));
    const count = { same: 0, refused: 0, others: [] as string[] };
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at]! ^= 1 << (at % 8);
      try {
        if ((await contents(new Blob([changed]))) === whole) count.same++;
        else count.others.push(`${at}: other data`);
      } catch (error) {
        const message = String(error);
        if (/at byte \d+ of .*the file.* must be .+, got /.test(message)) count.refused++;
        else count.others.push(`${at}: ${message}`);
      }
    }
    return count;
  },
});
