import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareFiles } from '../src/files/compareFiles.ts';
import { openRowFile } from '../src/files/openRowFile.ts';
import { fixture, numbers } from './fixtures.ts';

const labels = fixture('labels.npy');
const teacher = fixture('teacher.npz');
const fast = { resamples: 100 };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dark-knowledge-report-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of this text, or of these bytes. */
function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const fields = [
  'accuracy',
  'expectedCalibrationError',
  'overconfidence',
  'negativeLogLikelihood',
  'brierScore',
] as const;

describe('files that Python wrote', () => {
  it('give the numbers that NumPy finds, in every format', async () => {
    const formats = [
      'independent.parquet',
      'zstd.parquet',
      'independent.jsonl',
      'independent.csv.gz',
      'unnamed.npy#unnamed',
    ];
    for (const name of formats) {
      const { models, rows, classes } = await compareFiles({
        labels,
        teacher,
        students: { independent: [fixture(name)] },
        ...(name.startsWith('unnamed') && { from: 'probabilities' as const }),
        ...fast,
      });
      expect([rows, classes]).toEqual([numbers.rows, numbers.classes]);
      for (const field of [...fields, 'agreement', 'klDivergence'] as const) {
        const found = models.independent![field]!.value;
        expect(found, `${field} of ${name}`).toBeCloseTo(numbers.independent[field]!, 6);
      }
      for (const field of fields) expect(models.teacher![field]!.value).toBeCloseTo(numbers.teacher[field], 6);
    }
  });

  it('give similarities of the layers that teacher and student share, from columns and from lists', async () => {
    const { models, layers } = await compareFiles({
      labels,
      teacher,
      students: {
        arrays: [fixture('distilled1.npz')],
        lists: [fixture('independent.jsonl')],
        columns: [fixture('zstd.parquet')],
      },
      ...fast,
    });
    for (const layer of ['block1', 'block2']) {
      expect(models.arrays!.cka![layer]!.value).toBeCloseTo(numbers.distilled1.cka![layer]!, 4);
    }
    for (const name of ['lists', 'columns']) {
      expect(Object.keys(models[name]!.cka!)).toEqual(['block1']);
      expect(models[name]!.cka!.block1!.value).toBeCloseTo(numbers.distilled1.cka!.block1!, 4);
    }
    expect(layers.arrays!.value[1]![1]).toBeCloseTo(numbers.distilled1.cka!.block2!, 4);
  });

  it('give trials of a student from files of several formats', async () => {
    const { models, differences } = await compareFiles({
      labels,
      teacher,
      students: {
        distilled: [fixture('distilled1.npz'), fixture('distilled2.safetensors')],
        independent: [fixture('predictions.npy')],
      },
      ...fast,
    });
    const mean = (field: 'accuracy' | 'klDivergence') => (numbers.distilled1[field]! + numbers.distilled2[field]!) / 2;
    expect(models.distilled!.accuracy.value).toBeCloseTo(mean('accuracy'), 12);
    expect(models.distilled!.klDivergence!.value).toBeCloseTo(mean('klDivergence'), 6);
    expect(models.independent!.accuracy.value).toBe(numbers.independent.accuracy);
    expect(models.independent!.agreement!.value).toBe(numbers.independent.agreement);
    expect(models.independent!.negativeLogLikelihood).toBeUndefined();
    expect(differences['distilled - independent']!.accuracy.value).toBeCloseTo(
      mean('accuracy') - numbers.independent.accuracy,
      12,
    );
  });

  it('give groups by their words, from the labels’ file or another, or the teacher’s', async () => {
    for (const given of [
      { labels: fixture('independent.csv.gz') },
      { labels, groups: fixture('independent.parquet') },
      // Beside the teacher's scores, without a word.
      { labels, teacher: fixture('zstd.parquet') },
      { labels, groups: `${fixture('independent.jsonl')}#group` },
    ]) {
      const { byGroup } = await compareFiles({
        teacher,
        students: { student: [fixture('predictions.npy')] },
        ...fast,
        ...given,
      });
      const { groups } = byGroup.student!;
      expect(groups.map(({ group }) => group)).toEqual(['old', 'unknown', 'young']);
      for (const { group, count, after } of groups) {
        expect(count).toBe(numbers.byGroup[group]!.count);
        expect(after).toBeCloseTo(numbers.byGroup[group]!.independent, 12);
      }
    }
  });

  it('give labels from the teacher’s file where no other is named', async () => {
    const { models } = await compareFiles({ teacher, students: { student: [fixture('predictions.npy')] }, ...fast });
    expect(models.teacher!.accuracy.value).toBe(numbers.teacher.accuracy);
  });
});

describe('columns', () => {
  it('that are numbered are one, whether they count from 0 or 1', async () => {
    for (const text of [
      'logits_0,logits_1,label,block1,name\n1,2,0,5,a\n3,4,1,6,b\n',
      'logits 1,logits 2,label,block1,name\n1,2,0,5,a\n3,4,1,6,b\n',
      'logits[0],logits[1],label,block1,name\n1,2,0,5,a\n3,4,1,6,b\n',
    ]) {
      const opened = await openRowFile(file('numbered.csv', text));
      expect(opened.columns).toEqual({
        logits: { shape: [2] },
        label: { shape: [] },
        block1: { shape: [] },
        name: { shape: [] },
      });
      const { columns } = await opened.walk(['logits', 'name']).next(10);
      expect(columns.logits).toEqual({ data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] });
      expect(columns.name).toEqual(['a', 'b']);
      await opened.close();
    }
  });

  it('of CSV take quotes, empty lines, a byte order mark, infinities and tabs', async () => {
    const opened = await openRowFile(
      file('odd.tsv', '\ufefflogits_0\tlogits_1\tgroup\n"1e-3"\t-inf\t"a ""b"""\n\n2\tInfinity\tc\n'),
    );
    const { columns } = await opened.walk(['logits', 'group']).next(10);
    expect(columns.logits).toEqual({ data: Float64Array.of(0.001, -Infinity, 2, Infinity), shape: [2, 2] });
    expect(columns.group).toEqual(['a "b"', 'c']);
  });

  it('of words keep what is a name, of a group say, though JavaScript reads a number in it', async () => {
    const names = ['007', '7', '0x10', '16', '1e3', '1000', '12e4', '1e+3', '2.5E1', '-.5', '0', '0e+00', '0B1'];
    const opened = await openRowFile(
      file('names.csv', `group,logits_0,logits_1\n${names.map((name) => `${name},1e3,07`).join('\n')}\n`),
    );
    const { columns } = await opened.walk(['group', 'logits']).next(20);
    expect(columns.group).toEqual(['007', 7, '0x10', 16, '1e3', 1000, '12e4', 1000, 25, -0.5, 0, 0, '0B1']);
    expect((columns.logits as { readonly data: Float64Array }).data.slice(0, 2)).toEqual(Float64Array.of(1000, 7));
    await expect(
      (await openRowFile(file('hex.csv', 'logits_0,logits_1\n1,0x10\n'))).walk(['logits']).next(10),
    ).rejects.toThrow('hex.csv: logits must be 2 numbers as in row 0, got "0x10" in row 0 ');
  });

  it('of JSON lines take a text with U+2028, which ends no line, and a byte order mark', async () => {
    const opened = await openRowFile(
      file('separator.jsonl', '\ufeff{"y":1,"group":"a\u2028b"}\r\n\n{"y":2,"group":"c"}'),
    );
    const { columns } = await opened.walk(['y', 'group']).next(10);
    expect(columns).toEqual({ y: { data: Float64Array.of(1, 2), shape: [2] }, group: ['a\u2028b', 'c'] });
  });

  it('of Parquet may have points in their names, within a field or not', async () => {
    const opened = await openRowFile(fixture('points.parquet'));
    expect(Object.keys(opened.columns)).toEqual(['features.block1', 'inner.block2']);
    const { columns } = await opened.walk(['features.block1', 'inner.block2']).next(10);
    expect(columns['features.block1']).toEqual({ data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] });
    expect(columns['inner.block2']).toEqual({ data: Float64Array.of(5, 6, 7, 8), shape: [2, 2] });
    await opened.close();
  });

  it('come in parts of any size', async () => {
    for (const name of ['independent.jsonl', 'independent.parquet', 'independent.csv.gz', 'distilled1.npz']) {
      const opened = await openRowFile(fixture(name));
      const column = name.endsWith('.gz') ? 'probabilities' : 'logits';
      const whole = (await opened.walk([column]).next(1000)).columns[column] as { readonly data: ArrayLike<number> };
      const walk = opened.walk([column]);
      const parts: number[] = [];
      for (let batch = await walk.next(37); batch.rows > 0; batch = await walk.next(37)) {
        parts.push(...Array.from((batch.columns[column] as { readonly data: ArrayLike<number> }).data));
      }
      expect(parts).toEqual(Array.from(whole.data));
      expect(parts).toHaveLength(numbers.rows * numbers.classes);
      await opened.close();
    }
  });
});

describe('what cannot be read', () => {
  const student = fixture('predictions.npy');
  const says = async (inputs: Partial<Parameters<typeof compareFiles>[0]>, message: string | RegExp) => {
    await expect(
      compareFiles({ labels, teacher, students: { student: [student] }, ...fast, ...inputs }),
    ).rejects.toThrow(message);
  };

  it('is said with the file and the row', async () => {
    const lines = readFileSync(fixture('independent.jsonl'), 'utf8').split('\n');
    const students = (path: string) => ({ students: { student: [path] } });
    await says(
      students(fixture('broken.npz')),
      /broken\.npz: logits must be free of NaN and infinity, got NaN in row 123 /,
    );
    await says(students(fixture('short.npy')), /short\.npy: short must have the 400 rows of .*labels\.npy, got 399\./);
    await says(students(join(folder, 'missing.npy')), /missing\.npy cannot be read: there is no such file\.$/);
    await says(students(folder), /cannot be read: it is a folder\.$/);
    await says(students(file('empty.csv', '')), /empty\.csv: the file must hold rows, got an empty one\.$/);
    await says(
      students(file('header.csv', 'logits_0,logits_1\n')),
      /header\.csv must have at least one row, got none\.$/,
    );
    await says(
      students(file('notes.md', 'hello')),
      /notes\.md: the file must be \.npy, .* got none of these endings\.$/,
    );
    await says(
      students(file('cut.jsonl', [...lines.slice(0, 7), '{"logits": [1, 2', ...lines.slice(8)].join('\n'))),
      /cut\.jsonl: row 7 \(rows count from 0\) must be JSON, got \{"logits": \[1, 2\.$/,
    );
    await says(
      students(file('ragged.jsonl', [...lines.slice(0, 7), '{"logits": [1, 2, 3]}', ...lines.slice(8)].join('\n'))),
      /ragged\.jsonl: logits must be 4 numbers as in row 0, got 3 in row 7 /,
    );
    await says(
      students(file('words.jsonl', [...lines.slice(0, 7), '{"logits": [1, 2, "x", 4]}', ...lines.slice(8)].join('\n'))),
      /words\.jsonl: logits must be 4 numbers as in row 0, got "x" in row 7 /,
    );
    await says(
      students(file('less.jsonl', lines.slice(0, 50).join('\n'))),
      /less\.jsonl must have the rows of .*, got 50, and there are more\.$/,
    );
    await says(
      students(file('ragged.csv', 'logits_0,logits_1,logits_2,logits_3\n1,2,3,4\n1,2,3\n')),
      /ragged\.csv: .*columns length is 4, got 3 on line 3/,
    );
    await says(
      students(file('torn.csv.gz', gzipSync('logits_0,logits_1\n1,2\n').subarray(0, 20))),
      /torn\.csv\.gz: .*\.$/,
    );
  });

  it('is said of a table whose columns are not told apart, whose first row stands for names, or whose words are no UTF-8', async () => {
    const open = async (path: string, message: string) => {
      const read = async () => {
        const opened = await openRowFile(path);
        await opened.walk(Object.keys(opened.columns)).next(10);
      };
      await expect(read()).rejects.toThrow(message);
    };
    await open(
      file('double.csv', 'logits_0,logits_1,logits_1\n1,2,3\n'),
      'double.csv must hold columns of different names, got logits_1 twice.',
    );
    await open(fixture('double.parquet'), 'double.parquet must hold columns of different names, got labels twice.');
    await open(
      file('double.jsonl', '{"a":{"b":[1,2]},"a.b":[3,4]}\n'),
      'double.jsonl must hold columns of different names, got a.b twice.',
    );
    await open(
      file('headless.csv', '3\n5\n7\n'),
      "headless.csv: the first line must be a header of the columns' names, got numbers: 3.",
    );
    await open(file('headless.tsv', '0.5\t-1e-3\n0\t1\n'), 'got numbers: 0.5, -1e-3.');
    // Latin-1, in which é and è are two groups.
    await open(
      file('latin.csv', Buffer.from('group\n\xe9\n\xe8\n', 'latin1')),
      'latin.csv: group must be a word in UTF-8, got "\ufffd" in row 0 ',
    );
    await open(file('latin.jsonl', Buffer.from('{"group":"\xe9"}\n', 'latin1')), 'group must be a word in UTF-8');
    await open(
      file('torn.jsonl', '{"f":[[1,2],[3,4]]}\n{"f":[[1,2,3],[4]]}\n'),
      'torn.jsonl: f must be 2 × 2 numbers as in row 0, got 4 in lists of other lengths in row 1 ',
    );
    await open(file('deep.jsonl', '{"f":[1,2]}\n{"f":[[1],[2]]}\n'), 'got 2 in lists of other lengths in row 1 ');
  });

  it('is said of a teacher that has no labels: its only column is what it predicted', async () => {
    const predicted = file('predicted.csv', `prediction\n${'1\n'.repeat(numbers.rows)}`);
    await says({ labels: undefined, teacher: predicted }, /predicted\.csv must hold labels, got prediction\. --labels/);
    await says(
      { labels: undefined, teacher: student },
      /predictions\.npy must hold labels, got predictions\. --labels/,
    );
  });

  it('is said of rows in another order, where labels or names of rows tell', async () => {
    const [truth] = await openRowFile(labels).then(async (opened) => {
      const { columns } = await opened.walk(['labels']).next(1000);
      await opened.close();
      return [Array.from((columns.labels as { readonly data: ArrayLike<number> }).data)];
    });
    const rows = truth!.map((label, row) => ({ prediction: label, label, id: `r${row}` }));
    const swapped = rows.with(8, rows[9]!).with(9, rows[8]!);
    const lines = (given: readonly object[]) => given.map((row) => JSON.stringify(row)).join('\n');
    const odd = truth!.findIndex((label, row) => row >= 8 && label !== swapped[row]!.label);
    expect(odd).toBe(8);
    await says(
      { students: { student: [file('swapped.jsonl', lines(swapped))] } },
      /swapped\.jsonl: label must be those of .*labels\.npy, row by row, got \d for \d in row 8 .* Rows in another order\?/,
    );
    const named = lines(swapped.map(({ prediction, id }) => ({ prediction, id })));
    const inOrder = file('in-order.jsonl', lines(rows));
    await says(
      { labels: inOrder, students: { student: [file('named.jsonl', named)] } },
      /named\.jsonl: id must be those of .*in-order\.jsonl, row by row, got r9 for r8 in row 8 /,
    );
    // The same rows, with classes by name, say nothing of order by themselves.
    const words = file('words.jsonl', lines(rows.map((row) => ({ ...row, label: 'owl' }))));
    const { models } = await compareFiles({
      labels: inOrder,
      teacher,
      students: { a: [inOrder], b: [words] },
      ...fast,
    });
    expect(models.a!.accuracy.value).toBe(1);
    expect(models.b!.accuracy.value).toBe(1);
  });

  it('is said of a file twice among trials, and of two arrays for one layer', async () => {
    await says(
      { students: { student: [student, student] } },
      /Trials of student must be different files, got .* twice\.$/,
    );
    await says({ students: { student: [teacher, `${teacher}#logits`] } }, /got logits of .*teacher\.npz twice\.$/);
    const twice = file('twice.jsonl', '{"logits":[1,2,3,4],"features_a":[1,2],"a":[3,4]}\n');
    await says(
      { students: { student: [twice] } },
      /twice\.jsonl must hold one array of layer a, got features_a and a\.$/,
    );
  });

  it('is said of damaged arrays and tables', async () => {
    const cut = (name: string, as: string) => file(as, readFileSync(fixture(name)).subarray(0, 9000));
    await says({ students: { student: [cut('independent.parquet', 'cut.parquet')] } }, /cut\.parquet: .*\.$/);
    await says({ students: { student: [cut('distilled2.safetensors', 'cut.safetensors')] } }, /cut\.safetensors/);
    await says({ teacher: cut('teacher.npz', 'cut.npz') }, /cut\.npz/);
  });

  it('is said of a Parquet file with any byte of a page changed, and no byte at all keeps its reader busy for ever', {
    timeout: 60_000,
  }, async () => {
    const bytes = readFileSync(fixture('checked.parquet'));
    const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
    const read = async (path: string) => {
      const opened = await openRowFile(path);
      try {
        const { columns } = await opened.walk(['labels', 'logits']).next(10);
        return [columns.labels, columns.logits];
      } finally {
        await opened.close();
      }
    };
    const expected = await read(fixture('checked.parquet'));
    expect(expected).toEqual([
      { data: Float64Array.of(3, 1, 2, 0), shape: [4] },
      { data: Float64Array.of(0.5, 1.5, 2.5, -1, 0.25, 4, 8, -0.5), shape: [4, 2] },
    ]);
    let refused = 0;
    for (let at = 4; at < bytes.length; at++) {
      for (const change of at < footer ? [1, 0xff] : [1]) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= change;
        const path = file('changed.parquet', changed);
        const found = await read(path).catch((error: Error) => error);
        if (found instanceof Error) {
          refused++;
          if (at < footer) expect(found.message, `byte ${at}`).toContain('changed.parquet: ');
        } else if (at < footer) {
          expect(found, `byte ${at}`).toEqual(expected);
        }
      }
    }
    expect(refused).toBeGreaterThan(500);
  });

  it('is said of labels, classes, columns and names that do not fit', async () => {
    const values = Array.from({ length: numbers.rows }, (_, row) => (row === 9 ? 4 : row % 4));
    await says(
      { labels: file('labels.csv', `label\n${values.join('\n')}\n`) },
      /labels\.csv: labels must be whole numbers in \[0, 4\), got 4 in row 9 /,
    );
    const three = Array.from({ length: numbers.rows }, () => '1,2,3').join('\n');
    await says(
      { students: { student: [file('three.csv', `logits_0,logits_1,logits_2\n${three}\n`)] } },
      /three\.csv: logits must have the 4 classes of the models before, got 3\.$/,
    );
    await says(
      { teacher: `${teacher}#nothing` },
      /teacher\.npz must hold the column nothing, got logits, labels, block1, block2\.$/,
    );
    await says(
      { teacher: fixture('labels.npy') },
      /labels\.npy must hold logits, probabilities or predictions, got labels\./,
    );
    await says(
      { labels: fixture('distilled1.npz') },
      /distilled1\.npz must hold labels, got logits, block1, block2\. FILE#COLUMN/,
    );
    await says(
      { students: { student: [fixture('unnamed.npy')] } },
      /unnamed\.npy: logits must be logits, got rows of probabilities, .*--from/,
    );
    await says({ students: { teacher: [student] } }, 'must be another than teacher');
    await says({ students: {} }, 'There must be at least one student, got none');
    await says(
      { students: { student: [fixture('distilled1.npz'), fixture('predictions.npy')] } },
      /predictions\.npy must hold the layers of .*distilled1\.npz, block1, block2, got nothing\.$/,
    );
    await says({ resamples: 3 }, 'resamples must be a whole number in [100, 100000], got 3.');
  });
});
