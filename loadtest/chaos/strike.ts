import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessName } from '@rapport/tools/local-run.ts';
import type { Fault, What } from './faults.ts';
import type { ChaosProxy, Weather } from './proxy.ts';
import type { World } from './world.ts';

/** Latency of a slow network: another continent, over a bad line. */
const slowMs = 150;

/** Causes the fault. Resolves when its cause is gone, however long the effects last. */
export async function strike(world: World, fault: Fault): Promise<void> {
  const { target } = fault;
  switch (target) {
    case 'clients':
      return bad([world.clients], fault);
    case 'nats-links':
      return bad(world.natsLinks, fault);
    case 'cassandra':
      return hurt(cassandraVictim(world), fault);
    case 'nats':
    case 'nats-leader':
    case 'nats-follower':
      return hurt(natsVictim(world, await serverOf(world, target)), fault);
    default:
      return hurt(processVictim(world, target), fault);
  }
}

async function bad(proxies: readonly ChaosProxy[], { what, ms, share }: Fault): Promise<void> {
  for (const proxy of proxies) proxy.set(weatherOf(what, share));
  await sleep(ms);
  for (const proxy of proxies) proxy.set({ is: 'fair' });
}

function weatherOf(what: What, share: number): Weather {
  if (what === 'slow') return { is: 'slow', latencyMs: slowMs };
  return what === 'stall' ? { is: 'stalled', share } : { is: 'torn', share };
}

/** Something that runs as a process. */
interface Victim {
  kill(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  end(): Promise<void>;
  /** Resolves when it runs again after `kill` or `end`. */
  start(): Promise<void>;
}

async function hurt(victim: Victim, { what, ms }: Fault): Promise<void> {
  if (what === 'pause') {
    // A stopped process cannot notice that this one is gone.
    const wake = () => void victim.resume();
    process.once('exit', wake);
    await victim.pause();
    await sleep(ms);
    await victim.resume();
    process.off('exit', wake);
    return;
  }
  await (what === 'kill' ? victim.kill() : victim.end());
  await victim.start();
}

/** The supervisor starts the process again by itself; after a kill it waits first. */
function processVictim({ rapport }: World, name: ProcessName): Victim {
  return {
    kill: () => rapport.kill(name, 'SIGKILL'),
    pause: () => rapport.kill(name, 'SIGSTOP'),
    resume: () => rapport.kill(name, 'SIGCONT'),
    end: () => rapport.restart(name),
    start: () => rapport.up(name),
  };
}

function natsVictim({ nats }: World, server: number): Victim {
  return {
    kill: () => nats.end(server, 'killed'),
    pause: async () => nats.signal(server, 'SIGSTOP'),
    resume: async () => nats.signal(server, 'SIGCONT'),
    end: () => nats.end(server, 'in order'),
    start: () => nats.start(server),
  };
}

function cassandraVictim({ cassandra }: World): Victim {
  if (cassandra === undefined) throw new Error('Cannot hurt Cassandra: the history is not kept there');
  return {
    kill: () => cassandra.kill(),
    pause: async () => cassandra.pause(),
    resume: async () => cassandra.resume(),
    end: () => cassandra.kill(), // Faults do not include its restart, because its end in order is slow.
    start: () => cassandra.start(),
  };
}

/** The server of a cluster that leads the log, or the server after it. */
async function serverOf({ nats }: World, target: 'nats' | 'nats-leader' | 'nats-follower'): Promise<number> {
  if (target === 'nats') return 0;
  const leader = (await nats.leaderOf('INBOX')) ?? 0;
  return target === 'nats-leader' ? leader : (leader + 1) % nats.urls.length;
}
