/** Two centred sets of activations after the best rotation and reflection: what all shape distances are made of. */
import { nuclearNorm } from '../../algebra/singularValues.ts';
import { type ActivationStatus, activationStatus } from './activationStatus.ts';
import { traceOf } from './crossProducts.ts';
import type { PairForm, PairStatistics, SetStatistics } from './pairSimilarity.ts';
import { directionCosines, type PrincipalDirections, principalDirections } from './principalDirections.ts';
import { shapeProducts } from './shapeProducts.ts';
import { shapeResidual } from './shapeResidual.ts';

/** What is known of one set: its squared norm, and in the form by samples its directions. */
export interface Shape extends PrincipalDirections {
  /** Σ x², in the set's unit. */
  readonly square: number;
}

/** The shape of one set. */
export function shapeOf(set: Omit<SetStatistics, 'summary'>, form: PairForm): Shape {
  // By features the singular values of XᵀY say it all.
  if (form.name === shapeProducts.name) {
    const square = set.statistics.square!.data[0]!;
    return { square, variances: new Float64Array(0), vectors: new Float64Array(0), extent: 0 };
  }
  const square = traceOf(set.statistics.gram!);
  return { square, ...principalDirections(set, form, { tolerance: 0, variance: 1 }) };
}

/** Two shapes on top of each other. */
export interface AlignedShapes {
  readonly status: ActivationStatus;
  /** |X| and |Y|, over a power of two that keeps their squares numbers. */
  readonly normX: number;
  readonly normY: number;
  /** That power of two. */
  readonly unit: number;
  /** The nuclear norm of XᵀY over both norms, in [0, 1]; 0 where a set is constant. */
  readonly similarity: number;
  /** 2 less twice the similarity, to its own rounding where the samples are known; 0 where a set is constant. */
  readonly squared: number;
}

/** Above it 2 − 2ν begins to lose digits. */
const nearlyAlike = 0.99;

/** Finds the best rotation's nuclear norm. */
export function alignedShapes(pair: PairStatistics<Shape>): AlignedShapes {
  const { x, y } = pair;
  const unit = Math.max(x.unit, y.unit);
  const [shareX, shareY] = [x.unit / unit, y.unit / unit];
  const [normX, normY] = [Math.sqrt(x.summary.square), Math.sqrt(y.summary.square)];
  const status = activationStatus(normX === 0, normY === 0);
  const similarity = status === 'ok' ? Math.min(1, nuclearNormOf(pair) / normX / normY) : 0;
  const [own, other] = [x.statistics.kept, y.statistics.kept];
  const isKnown = own !== undefined && other !== undefined && own.data.length > 0 && other.data.length > 0;
  const residual = isKnown && similarity > nearlyAlike ? shapeResidual(own, other) : undefined;
  return {
    status,
    normX: normX * shareX,
    normY: normY * shareY,
    unit,
    similarity: residual === undefined ? similarity : 1 - residual / 2,
    squared: residual ?? (status === 'ok' ? 2 - 2 * similarity : 0),
  };
}

function nuclearNormOf(pair: PairStatistics<Shape>): number {
  if (pair.form.name === shapeProducts.name) {
    const { data, shape } = pair.xy.products!;
    return nuclearNorm(data, shape[0]!, shape[1]!);
  }
  // X = Σ √λ_k·u_k·v_kᵀ, and neither set of v_k touches the singular values of XᵀY.
  const [own, other] = [pair.x.summary.variances, pair.y.summary.variances];
  const cosines = directionCosines(pair);
  const weighted = cosines.map(
    (cosine, index) =>
      cosine * Math.sqrt(own[Math.floor(index / other.length)]!) * Math.sqrt(other[index % other.length]!),
  );
  return nuclearNorm(weighted, own.length, other.length);
}

/** √(|X|² + |Y|² − 2|XᵀY|₊), in the units of the sets. */
export function alignedDistance({ normX, normY, unit, squared }: AlignedShapes): number {
  return unit * Math.sqrt((normX - normY) ** 2 + normX * normY * squared);
}
