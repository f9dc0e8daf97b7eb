import type { Clock } from '@rapport/runtime/clock.ts';
import type { ModelPiece, Piece, TokenUsage } from '../piece.ts';

/**
 * A model's pieces with the times of the answer in its usage. One usage comes with the first text: the caller
 * that stops the answer knows the model and the time. The last comes before done, whatever the model sent.
 */
export async function* timedUsage(
  pieces: AsyncIterable<ModelPiece>,
  options: { readonly clock: Clock; readonly beganMs: number; readonly model: string },
): AsyncIterable<Piece> {
  const { clock, beganMs, model } = options;
  const sinceMs = () => Math.round(clock.monotonicMs() - beganMs);
  let tokens: TokenUsage = { promptTokens: 0, answerTokens: 0, model };
  let firstTokenMs: number | undefined;
  const usage = (): Piece => ({
    kind: 'usage',
    ...tokens,
    firstTokenMs: firstTokenMs ?? 0,
    totalMs: sinceMs(),
  });
  for await (const piece of pieces) {
    if (piece.kind === 'usage') {
      const { kind: _usage, ...counted } = piece;
      tokens = counted;
      continue;
    }
    if (piece.kind === 'done') yield usage();
    yield piece;
    if (piece.kind !== 'delta' || firstTokenMs !== undefined) continue;
    firstTokenMs = sinceMs();
    yield usage();
  }
}
