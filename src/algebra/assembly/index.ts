export { gatherUpdated, multiplyRows } from './bidiagonal';
export { multiplyTiles } from './product';
export { reflectRows } from './reflection';
export { rotateDown, rotateUp } from './rotations';
export { multiplyUpdated } from './tridiagonal';

/** The first byte that is free. */
export function firstFreeByte(): usize {
  return __heap_base;
}
