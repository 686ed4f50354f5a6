/**
 * Linear CKA of features with its interval, by the infinitesimal jackknife: how far each row pulls the value, in closed form, so
 * that one pass does what leaving out every row in turn would.
 */
import { type CkaResult, cka, type HostBackend, type HostTensor, measure } from 'dark-knowledge';
import { onBackend } from './onBackend.ts';

/** A similarity and each row's influence on it. */
export interface RowInfluence {
  readonly result: CkaResult;
  /** What the value owes to each row, to first order: about what is lost without the row. Sums to 0. */
  readonly influence: Float64Array;
}

/**
 * CKA and influences. With C the centred cross-products and h_i = x_iᵀ·C·y_i, CKA = Σh_xy/√(Σh_xx·Σh_yy), and row i pulls it by
 *
 *     CKA·(2·h_xy,i/Σh_xy − h_xx,i/Σh_xx − h_yy,i/Σh_yy)
 *
 * whose root sum of squares is the standard error.
 *
 * @see Jaeckel, "The infinitesimal jackknife", 1972; Efron, "The jackknife, the bootstrap and other resampling plans", 1982
 */
export function ckaInfluence(x: HostTensor, y: HostTensor): RowInfluence {
  const result = measure(cka(), { x, y });
  const rows = x.shape[0]!;
  if (result.status.startsWith('constant') || result.value === 0) return { result, influence: new Float64Array(rows) };
  const [first, second] = [centred(x), centred(y)];
  const shares = [pulls(first, second), pulls(first, first), pulls(second, second)].map((pull) => {
    const total = pull.reduce((sum, each) => sum + each, 0);
    return pull.map((each) => each / total);
  });
  const [both, own, other] = shares as [Float64Array, Float64Array, Float64Array];
  return { result, influence: both.map((share, row) => result.value * (2 * share - own[row]! - other[row]!)) };
}

/** The standard error that influences give, with that of so many trials' spread. */
export function standardErrorOf(influence: Float64Array, trials: readonly number[] = []): number {
  const square = influence.reduce((sum, each) => sum + each * each, 0);
  if (trials.length < 2) return Math.sqrt(square);
  const mean = trials.reduce((sum, each) => sum + each, 0) / trials.length;
  const variance = trials.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (trials.length - 1);
  return Math.sqrt(square + variance / trials.length);
}

interface Centred {
  readonly data: Float32Array;
  readonly rows: number;
  readonly width: number;
}

/** Features [rows, width] less their means, over the largest of them. */
function centred({ data, shape: [rows = 0] }: HostTensor): Centred {
  const width = data.length / rows;
  const means = new Float64Array(width);
  for (let at = 0; at < data.length; at++) means[at % width]! += data[at]! / rows;
  const differences = Float64Array.from(data, (value, at) => value - means[at % width]!);
  const largest = differences.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return { data: Float32Array.from(differences, (value) => value / largest), rows, width };
}

/** h_i of every row: by cross-products of features, or by dot products of rows where these are fewer. */
function pulls(x: Centred, y: Centred): Float64Array {
  return onBackend((backend) => pullsOn(backend, x, y));
}

function pullsOn<T>(backend: HostBackend<T>, x: Centred, y: Centred): Float64Array {
  return backend.scope(() => {
    const place = ({ data, rows, width }: Centred) => backend.fromHost({ data, shape: [rows, width] });
    const [first, second] = [place(x), place(y)];
    const products =
      x.rows > Math.max(x.width, y.width)
        ? backend.multiply(backend.matMul(first, backend.matMul(first, second, { transposeA: true })), second)
        : backend.multiply(
            backend.matMul(first, first, { transposeB: true }),
            backend.matMul(second, second, { transposeB: true }),
          );
    return Float64Array.from(backend.readSync(backend.sum(products, { axis: 1 })).data);
  });
}
