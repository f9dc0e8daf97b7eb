import { reasonOf } from '@rapport/runtime/fault.ts';
import { Redis } from 'ioredis';

/** A command that is not answered by then has failed. A visitor's request waits no longer than this. */
const answerWithinMs = 250;
const connectWithinMs = 1_000;
/**
 * A connection with a question and no answer for this long is taken down, so that questions do not pile up.
 */
const silentMs = 2_000;
const retryMsMax = 1_000;

/** The log that is told when Redis goes and comes back. */
export interface LinkLog {
  warn(fields: { readonly reason: string }, sentence: string): void;
  info(sentence: string): void;
}

/**
 * The connection to Redis. It keeps no command for later: a command that cannot be sent now has failed. After
 * the first failure Redis counts as away until `back` is called.
 */
export class RedisLink {
  readonly client: Redis;
  readonly #log: LinkLog;
  #at: 'starting' | 'there' | 'away' = 'starting';
  #trouble: unknown;

  constructor({ url, log }: { readonly url: string; readonly log: LinkLog }) {
    this.#log = log;
    this.client = new Redis(url, {
      connectionName: 'rapport-gateway',
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      commandTimeout: answerWithinMs,
      connectTimeout: connectWithinMs,
      socketTimeout: silentMs,
      retryStrategy: (times) => Math.min(times * 100, retryMsMax),
    });
    this.client.on('error', (trouble) => {
      this.#trouble = trouble; // Told with the next command that fails by it.
    });
  }

  get there(): boolean {
    return this.#at === 'there';
  }

  /** Runs a script; it is sent whole, so that a Redis that was emptied knows it too. Throws when it fails. */
  async run(
    script: string,
    { keys, values }: { readonly keys: readonly string[]; readonly values: readonly (string | number)[] },
  ): Promise<unknown> {
    return await this.client.eval(script, keys.length, ...keys, ...values);
  }

  /** A command failed. Says so once. */
  lost(failure: unknown): void {
    const connecting =
      this.#at === 'starting' && this.#trouble === undefined && this.client.status !== 'ready';
    if (connecting || this.#at === 'away') return;
    this.#at = 'away';
    const reason = reasonOf(this.client.status === 'ready' ? failure : (this.#trouble ?? failure));
    this.#log.warn({ reason }, 'Redis does not answer: limits count in this gateway alone');
  }

  /** A command was answered again. */
  back(): void {
    if (this.#at === 'there') return;
    const word = this.#at === 'starting' ? 'answers' : 'answers again';
    this.#at = 'there';
    this.#trouble = undefined;
    this.#log.info(`Redis ${word}: limits count with all gateways`);
  }

  close(): void {
    this.client.disconnect();
  }
}
