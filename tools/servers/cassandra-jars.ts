import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Fault, reasonOf, systemCodeOf } from '@rapport/runtime/fault.ts';

const run = promisify(execFile);

const cassandraVersion = '5.0.9';
const copyDependencies = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
/** The versions that Cassandra 5.0 supports. */
const javaVersions = ['11', '17'];
const fetchWithinMs = 300_000;

/**
 * The folder with the jars of Apache Cassandra, fetched into `toolsDir` by Maven when they are not there yet:
 * 66 MB, in half a minute. Throws Fault `unavailable`, with what to install, when Java or Maven is missing.
 */
export async function findCassandra(options: {
  readonly toolsDir: string;
  readonly log: { info(sentence: string): void };
}): Promise<string> {
  await checkJava();
  const home = join(resolve(options.toolsDir), `cassandra-${cassandraVersion}`);
  if (await isThere(home)) return home;
  options.log.info(`Fetching Apache Cassandra ${cassandraVersion} with Maven.`);
  await mkdir(options.toolsDir, { recursive: true });
  const scratch = await mkdtemp(join(resolve(options.toolsDir), 'fetch-'));
  try {
    await fetchJars(scratch);
    await rename(join(scratch, 'jars'), home).catch(async (failure) => {
      if (!(await isThere(home))) throw failure; // Another process was faster.
    });
    return home;
  } catch (failure) {
    throw new Fault('unavailable', `Cannot fetch Apache Cassandra ${cassandraVersion}: ${why(failure)}`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function checkJava(): Promise<void> {
  const install = `install Java 17, so that \`java\` is on the PATH`;
  let printed: string;
  try {
    printed = (await run('java', ['-version'], { timeout: 10_000 })).stderr;
  } catch {
    throw new Fault('unavailable', `Cannot run Apache Cassandra without Java: ${install}`);
  }
  const version = /version "(\d+)/.exec(printed)?.[1] ?? 'unknown';
  if (javaVersions.includes(version)) return;
  throw new Fault('unavailable', `Cannot run Apache Cassandra with Java ${version}: ${install}`);
}

async function fetchJars(scratch: string): Promise<void> {
  const pom = join(scratch, 'pom.xml');
  await writeFile(pom, pomText());
  // Maven gets a repository of its own, so that it writes nothing outside of `toolsDir`. With strict
  // checksums a damaged jar ends the fetching.
  const settings = [`-Dmaven.repo.local=${join(scratch, 'repository')}`, '--strict-checksums'];
  const into = `-DoutputDirectory=${join(scratch, 'jars')}`;
  await run('mvn', ['--quiet', '--batch-mode', ...settings, '--file', pom, copyDependencies, into], {
    timeout: fetchWithinMs,
  });
}

function pomText(): string {
  return `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>rapport</groupId><artifactId>cassandra</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.cassandra</groupId><artifactId>cassandra-all</artifactId>
      <version>${cassandraVersion}</version>
    </dependency>
  </dependencies>
</project>
`;
}

function why(failure: unknown): string {
  if (systemCodeOf(failure) === 'ENOENT')
    return 'there is no Maven; install it, so that `mvn` is on the PATH';
  const printed = failure instanceof Error && 'stdout' in failure ? String(failure.stdout) : '';
  const [line = reasonOf(failure)] = /(?<=ERROR\S* ).+/.exec(printed) ?? [];
  return line;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
