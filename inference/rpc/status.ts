import { status } from '@grpc/grpc-js';
import type { Code } from '@rapport/proto/codes.ts';
import { Fault } from '@rapport/runtime/fault.ts';

const statusOfCode: Partial<Record<Code, status>> = {
  bad_request: status.INVALID_ARGUMENT,
  creator_unknown: status.INVALID_ARGUMENT,
  model_busy: status.RESOURCE_EXHAUSTED,
  model_unavailable: status.UNAVAILABLE,
  model_timeout: status.DEADLINE_EXCEEDED,
  model_failed: status.INTERNAL,
};

/** The gRPC status of what a turn threw inside the service. */
export function statusOf(thrown: unknown): status {
  if (thrown instanceof Fault) return statusOfCode[thrown.code] ?? status.INTERNAL;
  return thrown instanceof Error && thrown.name === 'AbortError' ? status.CANCELLED : status.INTERNAL;
}

/** The code that a person is told when a call ended with this status. */
export function codeOf({ code, details }: { readonly code: status; readonly details: string }): Code {
  switch (code) {
    case status.UNAVAILABLE:
      return 'model_unavailable';
    case status.RESOURCE_EXHAUSTED:
      // gRPC has the same status for a message that is too large. To try that again is of no use.
      return /message larger than max/i.test(details) ? 'model_failed' : 'model_busy';
    case status.DEADLINE_EXCEEDED:
      return 'model_timeout';
    default:
      return 'model_failed';
  }
}
