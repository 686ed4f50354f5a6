import { crossEntropy } from 'dark-knowledge';
import { describeLoss } from '../support/lossSuite.ts';

describeLoss('crossEntropy', [
  {
    // −log softmax([ln 4, 0, 0])₀ = log(6/4); the gradient is softmax minus one-hot.
    title: 'one row by hand',
    loss: crossEntropy(),
    inputs: { studentLogits: [[Math.log(4), 0, 0]], labels: [0] },
    value: Math.log(1.5),
    gradients: { studentLogits: [[4 / 6 - 1, 1 / 6, 1 / 6]] },
  },
]);
