import { catalogContract } from './catalog.contract.ts';
import { createMemoryCatalog } from './catalog-memory.ts';

catalogContract('createMemoryCatalog()', async () => {
  const catalog = createMemoryCatalog();
  return { open: async () => catalog };
});
