import type { Rapport } from '../sdk/rapport.ts';
import type { Transcript } from './transcript.ts';

/**
 * Says a line, or the offered choice whose number it is. The id of what was kept; undefined when the message
 * can not be taken, which the transcript then says.
 */
export async function say(
  rapport: Rapport,
  {
    transcript,
    line,
    isSeen,
  }: { readonly transcript: Transcript; readonly line: string; readonly isSeen: boolean },
): Promise<string | undefined> {
  const choices = rapport.state().messages.at(-1)?.choices ?? [];
  const choice = choices[Number(line.trim()) - 1];
  const text = choice?.text ?? line;
  if (isSeen) transcript.typed(text);
  const kept = await rapport.say(text, choice?.id);
  if (kept.ok) return kept.id;
  transcript.untyped(text);
  transcript.note(kept.reason);
  return undefined;
}
