import {
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { GenerateRequest, GenerateResponse } from '@rapport/proto/gen/rapport/v1/inference_pb.ts';
import { Inference } from '@rapport/proto/gen/rapport/v1/inference_pb.ts';
import { Fault, reasonOf } from '@rapport/runtime/fault.ts';
import { hostPort } from '@rapport/runtime/host-port.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { HealthImplementation } from 'grpc-health-check';
import { toResponse } from '../piece.ts';
import { inferenceDefinition } from '../rpc/grpc-definition.ts';
import { statusOf } from '../rpc/status.ts';
import { type Answering, answer } from './answering.ts';
import type { Meters } from './meters.ts';
import { addReflection } from './reflection.ts';

export interface InferenceServer {
  readonly port: number;
  /** Takes no new turns, lets those that run finish for `drainMs`, then cancels them. */
  stop(drainMs: number): Promise<void>;
}

/** Serves Inference/Generate, health and reflection. Port 0 takes a free one. */
export async function serveInference(
  options: Answering & {
    readonly host: string;
    readonly port: number;
    readonly log: Log;
    readonly meters: Meters;
  },
): Promise<InferenceServer> {
  const server = new Server({
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 5_000,
    // A whole conversation of long messages; far below what would hurt.
    'grpc.max_receive_message_length': 8 * 1024 * 1024,
  });
  const generate = (call: Call) => void serveCall(call, options); // serveCall() answers its own failures.
  server.addService(inferenceDefinition, { generate } satisfies UntypedServiceImplementation);
  const health = new HealthImplementation({ '': 'SERVING', [Inference.typeName]: 'SERVING' });
  health.addToServer(server);
  addReflection(server);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(
      hostPort(options.host, options.port),
      ServerCredentials.createInsecure(),
      (failure, bound) => (failure === null ? resolve(bound) : reject(failure)),
    );
  });
  return {
    port,
    stop: async (drainMs) => {
      health.setStatus('', 'NOT_SERVING');
      health.setStatus(Inference.typeName, 'NOT_SERVING');
      const force = setTimeout(() => server.forceShutdown(), drainMs);
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      clearTimeout(force);
    },
  };
}

type Call = ServerWritableStream<GenerateRequest, GenerateResponse>;

/** Writes an answer's pieces as fast as the caller takes them; cancelled by the caller or its deadline. */
async function serveCall(
  call: Call,
  options: Answering & { readonly log: Log; readonly meters: Meters },
): Promise<void> {
  const cancelled = new AbortController();
  call.once('cancelled', () => cancelled.abort());
  const turn = options.meters.began();
  const { creatorId, turnId, attempt, configVersion } = call.request;
  try {
    for await (const piece of answer(options, call.request, cancelled.signal)) {
      if (piece.kind === 'delta') turn.firstText();
      if (!call.write(toResponse(piece))) await drained(call, cancelled.signal);
    }
    call.end();
    turn.ended('done');
    options.log.debug({ creatorId, turnId, attempt, configVersion }, 'an answer is whole');
  } catch (failure) {
    const outcome = failure instanceof Fault ? failure.code : 'internal';
    turn.ended(cancelled.signal.aborted ? 'cancelled' : outcome);
    if (cancelled.signal.aborted) return;
    const reason = reasonOf(failure);
    options.log.warn({ creatorId, turnId, attempt, configVersion, reason }, 'an answer failed');
    call.emit('error', { code: statusOf(failure), details: reason });
  }
}

async function drained(call: Call, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const go = () => {
      call.off('drain', go);
      signal.removeEventListener('abort', go);
      resolve();
    };
    call.once('drain', go);
    signal.addEventListener('abort', go, { once: true });
  });
  signal.throwIfAborted();
}
