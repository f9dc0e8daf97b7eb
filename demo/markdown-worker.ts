// The thread that render-apart.ts starts: renders the one text it was given, says it, and ends.

import { parentPort, workerData } from 'node:worker_threads';
import { htmlOf } from './markdown-html.ts';

parentPort?.postMessage(htmlOf(String(workerData)));
