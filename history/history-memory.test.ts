import { describeMessageStore } from './history.contract.ts';
import { openMemoryHistory } from './history-memory.ts';

describeMessageStore('history-memory', openMemoryHistory);
