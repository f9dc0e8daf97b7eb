import type { MessageJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';

const pageMessages = 200;

/** All messages of a conversation in the store, read over HTTP page by page. */
export async function storedMessages(url: string, token: string): Promise<readonly MessageJson[]> {
  const all: MessageJson[] = [];
  for (let more = true; more; ) {
    const afterSeq = all.at(-1)?.seq ?? 0;
    const response = await fetch(`${url}/v1/messages?afterSeq=${afterSeq}&limit=${pageMessages}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (!response.ok) throw new Error(`Cannot read the history: status ${response.status}`);
    const page = (await response.json()) as { messages?: MessageJson[]; more?: boolean }; // Decoder: our own.
    all.push(...(page.messages ?? []));
    more = page.more ?? false;
  }
  return all;
}
