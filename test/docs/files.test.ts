import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openNpz } from 'dark-knowledge/files';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { runGuide } from '../support/guide.ts';
import { fixtureBytes } from '../support/tensorFiles.ts';

const { guide, guideResults } = JSON.parse(
  readFileSync(new URL('../fixtures/files.json', import.meta.url), 'utf8'),
) as { readonly guide: string; readonly guideResults: { teacher: number; student: number; agreement: number } };

describe('the guide to files of a run in Python', () => {
  const text = readFileSync(new URL('../../docs/files.md', import.meta.url), 'utf8');
  const said: unknown[][] = [];
  let describeFile: (file: File) => Promise<string[]>;
  let logits: ArrayLike<number | bigint>;
  const surprise = (rows: number): number => {
    const lost = Array.from({ length: rows }, (_, row) => {
      const powers = Array.from({ length: 10 }, (_, label) => Math.exp(Number(logits[10 * row + label])));
      const total = powers.reduce((sum, power) => sum + power, 0);
      return powers.reduce((sum, power) => sum + (power / total) * Math.log((10 * power) / total), 0);
    });
    return lost.reduce((sum, value) => sum + value, 0) / rows;
  };

  beforeAll(async () => {
    const before = process.cwd();
    const log = vi.spyOn(console, 'log').mockImplementation((...values) => said.push(values));
    process.chdir(fileURLToPath(new URL('../fixtures/files', import.meta.url)));
    const exported = await runGuide('docs/files.md').finally(() => process.chdir(before));
    log.mockRestore();
    const { tensors } = await openNpz(new Blob([fixtureBytes('teacher.npz')]));
    logits = (await tensors.logits!.read()).data;
    describeFile = exported.describeFile as typeof describeFile;
  });

  it('shows the Python that wrote what it reads', () => {
    expect(text).toContain(`\`\`\`python\n${guide}\`\`\``);
  });

  it('gets the numbers that it shows, and that NumPy gets', () => {
    const [logits, labels, file, teacher, student, agreement, rows, course, whole, error, ...rest] = said;
    expect(logits).toEqual(['logits', 'float16', [600, 10]]);
    expect(labels).toEqual(['labels', 'int64', [600]]);
    expect(file).toEqual(['safetensors', '30']);
    expect(teacher).toEqual([guideResults.teacher.toFixed(3)]);
    expect(student).toEqual([guideResults.student.toFixed(3)]);
    expect(agreement).toEqual([guideResults.agreement.toFixed(3)]);
    expect(rows).toEqual([[3, 10], true]);
    expect(whole).toEqual([[600, 10]]);
    // A student of zeros has equal shares: log 10 less the mean entropy of the teacher's first hundred rows.
    expect(course![0]).toBe(surprise(100).toFixed(2));
    expect(text).toContain(`// ${course!.join(' ')}\n`);
    const shown = /\/\/ (openSafetensors: .*?) …/.exec(text)![1]!;
    expect(error![0]).toContain(shown);
    expect(rest).toEqual([]);
    for (const number of [teacher, student, agreement]) expect(text).toContain(`// ${number?.[0]}`);
  });

  it('describes a file of a browser', async () => {
    const file = new File([fixtureBytes('teacher.npz')], 'teacher.npz');
    expect(await describeFile(file)).toEqual(['logits: float16 [600, 10]', 'labels: int64 [600]']);
  });
});
