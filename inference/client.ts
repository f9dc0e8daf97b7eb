// Hop 9 of 12, aside: inference/client - asks the inference service for an answer, as it is being written.
import { fromJson } from '@bufbuild/protobuf';
import { Client, type ClientReadableStream, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { MessageJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import {
  type GenerateRequest,
  GenerateRequestSchema,
  type GenerateResponse,
} from '@rapport/proto/gen/rapport/v1/inference_pb.ts';
import type { ConversationKey } from '@rapport/proto/identity.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { Fault } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { Metrics } from '@rapport/runtime/metrics.ts';
import { Admission, type AdmissionLimits } from './admission.ts';
import { Breaker, type BreakerLimits, type CallEnd } from './client/breaker.ts';
import { createClientMeters } from './client/client-meters.ts';
import { type Piece, toPiece } from './piece.ts';
import { generateMethod } from './rpc/grpc-definition.ts';
import { codeOf } from './rpc/status.ts';

export interface InferenceLimits extends AdmissionLimits, BreakerLimits {
  /** An answer that is not whole by then has failed; waiting for a slot counts. */
  readonly turnDeadlineMs: number;
}

/** For one actor host. The service has limits of its own, for all hosts together. */
export const inferenceLimits: InferenceLimits = {
  turnDeadlineMs: 60_000,
  slotsMax: 256,
  slotsPerCreatorMax: 64,
  slotsPerConversationMax: 1,
  waitingMax: 4_096,
  waitingPerCreatorMax: 1_024,
  failuresMax: 5,
  openMs: 1_000,
};

export interface Generate extends ConversationKey {
  readonly turnId: string;
  readonly attempt: number;
  /** The version of the creator's configuration that the turn began with. */
  readonly configVersion: number;
  /** The newest messages, oldest first; the last one is the person's and is to be answered. */
  readonly messages: readonly MessageJson[];
}

export interface InferenceClient {
  /**
   * One answer as it is being written; ends after its `done` piece. Throws Fault model_unavailable,
   * model_busy, model_timeout or model_failed, and the signal's reason when it aborts. Leaving the loop early
   * cancels the call, up to the model.
   */
  generate(request: Generate, signal: AbortSignal): AsyncIterable<Piece>;
  /** Cancels what runs and lets go of the connection. */
  close(): Promise<void>;
}

export interface InferenceClientOptions {
  /** `host:port` of the service. */
  readonly address: string;
  readonly clock: Clock;
  readonly limits: InferenceLimits;
  readonly log: Log;
  readonly metrics?: Metrics;
}

export function createInferenceClient(options: InferenceClientOptions): InferenceClient {
  return new GrpcInferenceClient(options);
}

class GrpcInferenceClient implements InferenceClient {
  readonly #clock: Clock;
  readonly #limits: InferenceLimits;
  readonly #log: Log;
  readonly #client: Client;
  readonly #admission: Admission;
  readonly #breaker: Breaker;
  readonly #meters: ReturnType<typeof createClientMeters> | undefined;
  readonly #turns = new Set<AbortController>();

  constructor({ address, clock, limits, log, metrics }: InferenceClientOptions) {
    this.#clock = clock;
    this.#limits = limits;
    this.#log = log.child({ part: 'inference-client' });
    this.#admission = new Admission(limits);
    this.#breaker = new Breaker(clock, limits);
    this.#meters = metrics && createClientMeters(metrics, this.#admission, this.#breaker);
    this.#client = new Client(address, credentials.createInsecure(), {
      // A service that comes back is found again within two seconds, not within two minutes.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2_000,
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5_000,
    });
  }

  async *generate(request: Generate, signal: AbortSignal): AsyncIterable<Piece> {
    const beganMs = this.#clock.monotonicMs();
    const turn = this.#begin(signal);
    let outcome = 'left';
    let leave: (() => void) | undefined;
    try {
      leave = await this.#admission.enter(request, turn.signal);
      yield* this.#call(request, beganMs + this.#limits.turnDeadlineMs, turn.signal);
      outcome = 'done';
    } catch (failure) {
      const fault = signal.aborted ? undefined : asFault(failure);
      outcome = fault?.code ?? 'aborted';
      throw fault ?? signal.reason;
    } finally {
      turn.end();
      leave?.();
      this.#meters?.ended(outcome, this.#clock.monotonicMs() - beganMs);
    }
  }

  async close(): Promise<void> {
    const closed = new Fault('model_unavailable', 'Cannot ask the model: this client was closed');
    for (const turn of this.#turns) turn.abort(closed);
    this.#client.close();
  }

  /**
   * A turn's own signal: aborts with the caller's, at the deadline, and when the client is closed. Not
   * AbortSignal.any: what it hangs on a signal that lives as long as the process stays there.
   */
  #begin(signal: AbortSignal): { readonly signal: AbortSignal; end(): void } {
    const turn = new AbortController();
    const { turnDeadlineMs } = this.#limits;
    const stop = () => turn.abort(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    this.#turns.add(turn);
    const sentence = `Cannot wait longer for an answer: turnDeadlineMs is ${turnDeadlineMs}`;
    this.#clock.sleep(turnDeadlineMs, turn.signal).then(
      () => turn.abort(new Fault('model_timeout', sentence)),
      () => {}, // Ended before.
    );
    const end = () => {
      signal.removeEventListener('abort', stop);
      this.#turns.delete(turn);
      turn.abort(); // Ends the wait for the deadline.
    };
    return { signal: turn.signal, end };
  }

  async *#call(request: Generate, deadlineMs: number, signal: AbortSignal): AsyncIterable<Piece> {
    const message = fromJson(GenerateRequestSchema, { ...request, messages: [...request.messages] });
    if (!this.#breaker.allows()) {
      throw new Fault('model_unavailable', 'Cannot reach the inference service: the last calls to it failed');
    }
    let end: CallEnd = 'unknown';
    let whole = false;
    const call = this.#open(message, deadlineMs - this.#clock.monotonicMs());
    const cancel = () => call.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    call.once('metadata', () => {
      end = 'reached';
    });
    try {
      for await (const piece of piecesOf(call)) {
        whole ||= piece.kind === 'done';
        yield piece;
      }
    } catch (failure) {
      if (!signal.aborted) end = isUnreachable(failure) ? 'unreachable' : 'reached';
      const { turnId, attempt } = request;
      this.#log.debug({ turnId, attempt, failure: String(failure) }, 'a call ended early');
      throw signal.aborted ? signal.reason : failure;
    } finally {
      signal.removeEventListener('abort', cancel);
      if (!whole) call.cancel(); // Of no effect on a call that has failed.
      this.#breaker.ended(end);
    }
  }

  #open(message: GenerateRequest, forMs: number): ClientReadableStream<GenerateResponse> {
    const { path, requestSerialize, responseDeserialize } = generateMethod;
    // The clock's own deadline aborts first; this one tells the service.
    const deadline = Date.now() + Math.max(1, forMs) + 100;
    return this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, message, {
      deadline,
    });
  }
}

/**
 * Reads on after `done` to the end of the stream: cancelling what is over would reset it, and an HTTP/2
 * server closes the connection of a client that resets a thousand streams.
 */
async function* piecesOf(call: ClientReadableStream<GenerateResponse>): AsyncIterable<Piece> {
  let done = false;
  for await (const response of call as AsyncIterable<GenerateResponse>) {
    const piece: Piece | undefined = done ? undefined : toPiece(response);
    if (piece === undefined) continue;
    done = piece.kind === 'done';
    yield piece;
  }
  if (!done) throw new Fault('model_failed', 'Cannot use an answer that ended without its done piece');
}

function isUnreachable(failure: unknown): boolean {
  return isServiceError(failure) && failure.code === status.UNAVAILABLE;
}

function asFault(failure: unknown): Fault {
  if (failure instanceof Fault) return failure;
  const code = isServiceError(failure) ? codeOf(failure) : 'model_failed';
  return new Fault(code, 'Cannot get an answer from the inference service', failure);
}

function isServiceError(failure: unknown): failure is ServiceError {
  return failure instanceof Error && 'code' in failure && 'details' in failure;
}
