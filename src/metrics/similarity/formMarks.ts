/** What kernels know forms of similarities by: a bundle of theirs then holds no form that nobody computes. */

/** By features: `crossProducts.ts`. */
export const crossProductsMark = { name: 'features' };

/** By features, what shapes are compared by: `shapeProducts.ts`. */
export const shapeProductsMark = { name: 'features, shapes' };

/** By Gram matrices, linear: `gramAlignment.ts`. */
export const linearGramMark = { name: 'linear gram' };

/** By Gram matrices of Gaussian kernels: `gramAlignment.ts`. */
export const gaussianGramMark = { name: 'gaussian gram' };

/** By normalised rows of Gram matrices: `normalisedGram.ts`. */
export const normalisedGramMark = { name: 'rows' };
