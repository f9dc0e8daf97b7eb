import { Fault, reasonOf } from '@rapport/runtime/fault.ts';
import { errors } from 'cassandra-driver';

/** One sentence for the operator: what was tried, where, and what the first server that failed said. */
export function cassandraFault(doing: 'open' | 'read' | 'write', shown: string, failure: unknown): Fault {
  if (failure instanceof Fault) return failure;
  return new Fault('history_unavailable', `Cannot ${doing} history ${shown}: ${reason(failure)}`, failure);
}

function reason(failure: unknown): string {
  if (!(failure instanceof errors.NoHostAvailableError)) return reasonOf(failure);
  const [first] = Object.entries(failure.innerErrors ?? {});
  return first === undefined ? 'no server can be reached' : `${first[0]}: ${reasonOf(first[1])}`;
}
