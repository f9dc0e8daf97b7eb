import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '@rapport/runtime/fault.ts';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';

/** The key pair that own tokens are signed with. */
export interface TokenKeys {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

/**
 * Reads the Ed25519 key pair of `dataDir/keys/token.jwk`, which is made at the first start, readable by its
 * owner only. Processes that start at the same time end up with the same pair.
 */
export async function openTokenKeys(dataDir: string): Promise<TokenKeys> {
  const file = join(dataDir, 'keys', 'token.jwk');
  try {
    return await importKeys(await readFile(file, 'utf8'));
  } catch (failure) {
    if (systemCodeOf(failure) !== 'ENOENT')
      throw new Error(`Cannot use the token key ${file}`, { cause: failure });
  }
  await writeNewKey(dataDir, file);
  return await importKeys(await readFile(file, 'utf8'));
}

/** A link is made whole or not at all, and by one process only. */
async function writeNewKey(dataDir: string, file: string): Promise<void> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  await mkdir(join(dataDir, 'keys'), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}`;
  try {
    await writeFile(draft, JSON.stringify(await exportJWK(privateKey)), { mode: 0o600, flag: 'wx' });
    await link(draft, file);
  } catch (failure) {
    if (systemCodeOf(failure) !== 'EEXIST')
      throw new Error(`Cannot write the token key ${file}`, { cause: failure });
  } finally {
    await rm(draft, { force: true });
  }
}

async function importKeys(text: string): Promise<TokenKeys> {
  const { d, ...publicJwk } = JSON.parse(text) as JWK; // Decoder: importJWK refuses what is no Ed25519 key.
  const kid = await calculateJwkThumbprint(publicJwk);
  const privateKey = await importJWK({ ...publicJwk, ...(d !== undefined && { d }) }, 'EdDSA');
  const publicKey = await importJWK(publicJwk, 'EdDSA');
  if (privateKey instanceof Uint8Array || publicKey instanceof Uint8Array || privateKey.type !== 'private') {
    throw new Error('it should be a private Ed25519 key');
  }
  return { kid, privateKey, publicKey };
}
