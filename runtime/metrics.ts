import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** A number that only grows. */
export interface Count {
  inc(by?: number): void;
}

/** A process's meters, in Prometheus' terms. Our names start with `rapport_`; times are in seconds. */
export class Metrics {
  readonly registry = new Registry();

  constructor(process: string) {
    this.registry.setDefaultLabels({ process });
    collectDefaultMetrics({ register: this.registry });
  }

  /** A counter without labels: adding to it costs no more than adding, so it may stand on the hot path. */
  counter(name: string, help: string): Count {
    let total = 0;
    new Counter({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(total);
      },
    });
    return {
      inc: (by = 1) => {
        total += by;
      },
    };
  }

  counterBy<const L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  /** A gauge that is read when it is asked for. */
  gauge(name: string, help: string, read: () => number): Gauge {
    return new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  histogram(name: string, help: string, buckets: readonly number[]): Histogram {
    return new Histogram({ name, help, buckets: [...buckets], registers: [this.registry] });
  }

  /** Seconds, from 0.1 ms to 10 s: for hops and requests. */
  seconds(name: string, help: string): Histogram {
    return this.histogram(
      name,
      help,
      [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    );
  }
}
