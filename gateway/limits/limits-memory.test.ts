import { describePersonLimits } from './limits.contract.ts';
import { MemoryLimits } from './limits-memory.ts';

describePersonLimits('MemoryLimits', (options) => new MemoryLimits(options));
