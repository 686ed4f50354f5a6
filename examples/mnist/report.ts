/** Plain-text tables. */
import { mkdir, writeFile } from 'node:fs/promises';

/** Mean and sample standard deviation, as `0.912 ± 0.004`; the mean alone for a single trial. */
export function meanAndDeviation(values: readonly number[], digits = 3): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return mean.toFixed(digits);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return `${mean.toFixed(digits)} ± ${Math.sqrt(variance).toFixed(digits)}`;
}

/** A table with aligned columns: the first column to the left, the others to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  ');
  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}

/** Writes a report as JSON; typed arrays become plain ones. */
export async function writeJson(folder: URL, name: string, report: unknown): Promise<URL> {
  await mkdir(folder, { recursive: true });
  const file = new URL(name, folder);
  const plain = (_: string, value: unknown): unknown =>
    ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as Float64Array) : value;
  await writeFile(file, `${JSON.stringify(report, plain, 1)}\n`);
  return file;
}
