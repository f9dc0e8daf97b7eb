import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface CassandraSettings {
  /** Absolute. Data, settings and whatever else the server writes are in here. */
  readonly dataDir: string;
  readonly port: number;
  /** The port for other servers of a cluster; here there are none. */
  readonly storagePort: number;
}

/** The modules of Java 17 that Cassandra 5 has to open, as in its own jvm17-server.options. */
const opened = [
  'java.base/java.io',
  'java.base/java.lang',
  'java.base/java.lang.module',
  'java.base/java.nio',
  'java.base/java.util',
  'java.base/java.util.concurrent',
  'java.base/java.util.concurrent.atomic',
  'java.base/jdk.internal.loader',
  'java.base/jdk.internal.math',
  'java.base/jdk.internal.misc',
  'java.base/jdk.internal.module',
  'java.base/jdk.internal.ref',
  'java.base/jdk.internal.reflect',
  'java.base/jdk.internal.util.jar',
  'java.base/sun.nio.ch',
  'java.rmi/sun.rmi.registry',
  'java.rmi/sun.rmi.server',
  'java.rmi/sun.rmi.transport.tcp',
  'java.sql/java.sql',
  'jdk.management/com.sun.management.internal',
] as const;

/** Writes the server's files and returns the arguments of `java`. */
export async function prepareCassandra(
  jars: string,
  settings: CassandraSettings,
): Promise<readonly string[]> {
  const { dataDir } = settings;
  const yaml = join(dataDir, 'cassandra.yaml');
  const logback = join(dataDir, 'logback.xml');
  await mkdir(dataDir, { recursive: true });
  await writeFile(yaml, yamlText(settings));
  await writeFile(logback, logbackText);
  return [
    '-Xms256M',
    '-Xmx1G',
    '-XX:+UseG1GC',
    '-XX:+ExitOnOutOfMemoryError',
    ...opened.flatMap((module) => ['--add-opens', `${module}=ALL-UNNAMED`]),
    ...opened.flatMap((module) => ['--add-exports', `${module}=ALL-UNNAMED`]),
    `-Dcassandra.storagedir=${dataDir}`,
    `-Dorg.xerial.snappy.tempdir=${dataDir}`, // A killed server would leave its library in the temp folder.
    '-XX:+PerfDisableSharedMem', // The same for its counters.
    `-Dcassandra.config=file://${yaml}`,
    `-Dlogback.configurationFile=file://${logback}`,
    '-Djava.net.preferIPv4Stack=true',
    '-Dcassandra-foreground=yes',
    // A server alone waits for no other.
    '-Dcassandra.skip_wait_for_gossip_to_settle=0',
    '-Dcassandra.ring_delay_ms=100',
    '-Dcassandra.superuser_setup_delay_ms=0',
    '-cp',
    join(jars, '*'),
    'org.apache.cassandra.service.CassandraDaemon',
  ];
}

function yamlText({ dataDir, port, storagePort }: CassandraSettings): string {
  const folder = (name: string) => JSON.stringify(join(dataDir, name));
  return `# Written at every start; changes here are lost.
cluster_name: rapport
num_tokens: 1
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "127.0.0.1:${storagePort}"
listen_address: 127.0.0.1
storage_port: ${storagePort}
start_native_transport: true
rpc_address: 127.0.0.1
native_transport_port: ${port}
data_file_directories: [${folder('data')}]
commitlog_directory: ${folder('commitlog')}
saved_caches_directory: ${folder('saved_caches')}
hints_directory: ${folder('hints')}
cdc_raw_directory: ${folder('cdc_raw')}
# A write that was acknowledged is on disk. The default is ten seconds later, for clusters that rely on
# their copies.
commitlog_sync: batch
auto_snapshot: false
`;
}

const logbackText = `<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%date{ISO8601} %level %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="OUT"/></root>
</configuration>
`;
