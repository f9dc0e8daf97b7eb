import { openTokenKeys } from '@rapport/gateway/tokens/token-keys.ts';
import { Tokens } from '@rapport/gateway/tokens/tokens.ts';

const lifeS = 86_400;

/** Signs tokens with the key of the data folder's gateways: asking a gateway for 10,000 takes too long. */
export async function openVisitorTokens(
  dataDir: string,
  creatorId: string,
): Promise<(userId: string) => Promise<string>> {
  const keys = await openTokenKeys(dataDir);
  const tokens = new Tokens({ keys, lifeS, jwksUrl: '', jwksAudience: '' });
  return (userId) => tokens.issue({ creatorId, userId, role: 'visitor' });
}
