import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from '@rapport/runtime/private-file.ts';

/** The name under which clients and other servers of the cluster sign in to a nats-server of our own. */
export const serverUser = 'rapport';

/**
 * The password of the nats-servers on `dataDir`. It is kept there, so that clients of a server that was
 * killed can use the next one. Only this user can read it: a file that others could read gets a new password.
 */
export function serverPassword(dataDir: string): string {
  const path = join(dataDir, 'password');
  if (isPrivate(path)) return readFileSync(path, 'utf8');
  const password = randomBytes(24).toString('hex');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writePrivateFile(path, password);
  return password;
}

/** False when it is not there. */
function isPrivate(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.size > 0 && (found.mode & 0o077) === 0;
}

/** Where clients reach the server on this port. */
export function serverUrl(password: string, port: number): string {
  return `nats://${serverUser}:${password}@127.0.0.1:${port}`;
}
