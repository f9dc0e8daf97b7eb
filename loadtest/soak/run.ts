import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@rapport/runtime/free-port.ts';
import { Chance } from '@rapport/simulation/chance.ts';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { putQuietCreator, quietCreator } from '../bench/quiet-creator.ts';
import { Crowd } from './crowd.ts';
import { type Inspector, inspectable, openInspector } from './inspector.ts';
import { judge, type Series, type Verdict, wavesPerRun } from './judge.ts';
import { Watch, type Watched } from './watch.ts';

export interface SoakOptions {
  readonly seconds: number;
  /** Visitors at the same time at the top of a wave. */
  readonly people: number;
  readonly seed: number;
  readonly tell: (sentence: string) => void;
}

export interface SoakReport {
  readonly seconds: number;
  readonly verdicts: readonly Verdict[];
  /** How often each thing was done; a broken promise is counted under `WRONG: …`. */
  readonly counts: Readonly<Record<string, number>>;
  readonly series: readonly Series[];
}

const samplesPerWave = 12;
const tellEveryMs = 30_000;

/** Watches a whole Rapport under waves of people. Its memory for actors is small, so that it is full soon. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const [actorsPort, inferencePort] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
  const rapport = await startRapport({
    env: {
      ACTORS_HEALTH_PORT: String(actorsPort),
      INFERENCE_HEALTH_PORT: String(inferencePort),
      ACTORS_IDLE_MINUTES: '1',
      ACTORS_RESIDENT_MIB: '1',
      GATEWAY_VISITOR_TOKENS_PER_MINUTE_MAX: '1000000',
      NODE_OPTIONS: inspectable,
      LOG_LEVEL: 'warn',
    },
  });
  const inspectors: Inspector[] = [];
  try {
    await putQuietCreator(rapport.natsUrl);
    const watched = async (
      name: 'gateway' | 'actors' | 'inference',
      metricsUrl: string,
    ): Promise<Watched> => {
      const inspector = await openInspector(join(rapport.dataDir, 'log', `${name}.log`));
      inspectors.push(inspector);
      return { name, pid: rapport.pids[name], metricsUrl, inspector };
    };
    const watch = new Watch({
      processes: [
        await watched('gateway', rapport.metricsUrl),
        await watched('actors', `http://127.0.0.1:${actorsPort}/metrics`),
        await watched('inference', `http://127.0.0.1:${inferencePort}/metrics`),
        { name: 'nats', pid: rapport.pids.nats },
      ],
    });
    return await soak(rapport, watch, options);
  } finally {
    for (const inspector of inspectors) inspector.close();
    await rapport.stop();
    for (const sentence of new Set(rapport.told)) options.tell(sentence);
  }
}

async function soak(rapport: TestRapport, watch: Watch, options: SoakOptions): Promise<SoakReport> {
  const { seconds, people, seed, tell } = options;
  const waveMs = (seconds * 1_000) / wavesPerRun;
  const creators = ['demo', quietCreator, quietCreator, quietCreator];
  const chance = new Chance(seed, 'soak');
  const crowd = new Crowd({ url: rapport.url, creators, people, waveMs, chance });
  const leaving = new AbortController();
  const gone = crowd.run(leaving.signal);
  const beganMs = performance.now();
  let toldMs = beganMs;
  while (performance.now() - beganMs < seconds * 1_000) {
    await sleep(waveMs / samplesPerWave);
    await watch.sample(performance.now() - beganMs);
    if (performance.now() - toldMs < tellEveryMs) continue;
    toldMs = performance.now();
    tell(`${Math.round((toldMs - beganMs) / 1_000)} s: ${JSON.stringify(crowd.counts)}`);
  }
  leaving.abort();
  await gone;
  const verdicts = watch.series.map(judge).filter((verdict) => verdict !== undefined);
  return { seconds, verdicts, counts: crowd.counts, series: watch.series };
}
