import type { Generate, InferenceClient } from '@rapport/inference/client.ts';
import type { Piece } from '@rapport/inference/piece.ts';
import { Fault } from '@rapport/runtime/fault.ts';
import type { Chance } from './chance.ts';
import type { Fate } from './fate.ts';
import { hushed } from './parts.ts';
import type { World } from './world.ts';

const deadlineMs = 6_000;

/** Stands in for inference: writes word by word, refuses, breaks off in the middle, or says nothing. */
export class InferenceModel {
  readonly #world: World;
  readonly #chance: Chance;

  constructor(world: World) {
    this.#world = world;
    this.#chance = world.chance('inference');
  }

  open(fate: Fate): InferenceClient {
    return {
      generate: (request, signal) => this.#generate(fate, request, signal),
      close: async () => undefined,
    };
  }

  async *#generate(fate: Fate, request: Generate, signal: AbortSignal): AsyncIterable<Piece> {
    const { faults } = this.#world;
    const { userId, turnId, attempt } = request;
    this.#check(request);
    if (faults.strikes('model_refused')) {
      await fate.clock.sleep(this.#chance.between(1, 300), signal);
      throw new Fault('model_unavailable', 'Cannot reach the model');
    }
    if (faults.strikes('model_silent')) {
      await fate.clock.sleep(deadlineMs, signal);
      throw new Fault('model_timeout', 'Cannot wait longer for an answer');
    }
    const words = this.#chance.between(1, 6);
    const whole = faults.strikes('model_breaks_off') ? this.#chance.between(0, words - 1) : words;
    for (let word = 1; word <= whole; word += 1) {
      await fate.clock.sleep(this.#chance.between(1, 250), signal);
      yield { kind: 'delta', text: `${userId}/${turnId}.${attempt}@${fate.name}#${word} ` };
    }
    if (whole < words) throw new Fault('model_failed', 'The model broke off');
    yield { kind: 'usage', model: 'simulated', promptTokens: request.messages.length, answerTokens: words };
    yield { kind: 'done', reason: 'ANSWERED' };
  }

  /** The last message has to be a question. The real service refuses anything else. */
  #check({ userId, turnId, messages }: Generate): void {
    const last = messages.at(-1);
    const { text = '' } = last ?? {};
    if (hushed.test(text))
      this.#world.fail('what a part vetoes is not answered', `${userId} ${turnId} asks "${text}"`);
    if (last?.role === 'USER' && text.trim() !== '') return;
    this.#world.fail(
      'the model is asked what a person said',
      `${userId} ${turnId}: the last of ${messages.length} messages is ${last?.role ?? 'missing'}`,
    );
  }
}
