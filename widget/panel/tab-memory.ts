/**
 * The memory of one tab, which outlives a reload. Sandboxed frames and blocked site data make every access
 * throw.
 */
export const tabMemory = {
  get(key: string): string {
    try {
      return sessionStorage.getItem(key) ?? '';
    } catch {
      return '';
    }
  },
  /** An empty value forgets it. */
  set(key: string, value: string): void {
    try {
      if (value === '') sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, value);
    } catch {
      // The tab then begins closed and without a draft after a reload, and all else works.
    }
  },
};
