/** The text with the user, password or token of every address in it struck out: `nats://***@host:4222`. */
export function withoutCredentials(text: string): string {
  return text.replace(/(?<=:\/\/)[^\s/,]*@/g, '***@');
}
