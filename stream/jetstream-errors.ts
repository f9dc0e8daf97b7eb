import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';

/** A compare-and-set lost: the key has another revision than the one that was expected. */
export function isOutdated(failure: unknown): boolean {
  return (
    hasCode(failure, JetStreamApiCodes.StreamWrongLastSequence) ||
    hasCode(failure, JetStreamApiCodes.StreamWrongLastSequenceUnknown)
  );
}

/** There is no such stream or bucket. Any other failure (a timeout, a permission) does not tell that. */
export function isStreamMissing(failure: unknown): boolean {
  return hasCode(failure, JetStreamApiCodes.StreamNotFound);
}

/** The message is above a limit of the stream: JSStreamMessageExceedsMaximumErr. */
export function isTooLarge(failure: unknown): boolean {
  return hasCode(failure, 10_054);
}

function hasCode(failure: unknown, code: number): boolean {
  return failure instanceof JetStreamApiError && failure.code === code;
}
