/** Routing of metrics: the same metric under other input names, with the same state. */
import type { Backend } from './backend.ts';
import { type Inputs, outerName } from './inputs.ts';
import { type AnyMetric, type MetricMember, statisticsOfMembers } from './metric.ts';
import { inputsOfMember } from './metricMembers.ts';

/** The metric under the names of a mapping that was checked. */
export function renamedMetric(
  metric: AnyMetric,
  names: Readonly<Record<string, string>>,
  reference: AnyMetric['reference'],
): AnyMetric {
  const member: MetricMember = { metric, prefix: '', names };
  const outer = (name: string): string => outerName(names, name);
  return {
    name: metric.name,
    reference,
    options: metric.options,
    inputs: metric.inputs.map(outer),
    optionalInputs: metric.optionalInputs.map(outer),
    members: [member],
    ...(metric.state && { state: metric.state }),
    check<T>(backend: Backend<T>, batch: Inputs<string, string, T>) {
      metric.check(backend, inputsOfMember(member, batch));
    },
    statistics: <T>(backend: Backend<T>, batch: Inputs<string, string, T>) =>
      statisticsOfMembers(backend, [member], batch),
    ...(metric.merge && { merge: metric.merge }),
    finish: metric.finish,
  };
}
