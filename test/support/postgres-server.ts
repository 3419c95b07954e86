import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { clientOptions } from "../../src/store/migrations/client-options.ts";

export type PostgresServer = {
  /** An empty database of the test's own, by TCP and password, with `sslmode` given. */
  readonly url: string;
  /** Another empty database on the same server. */
  createDatabase(): Promise<string>;
  /** Ends the server, or drops what was created where it belongs to somebody else. Safe to call twice. */
  stop(): Promise<void>;
};

/** With characters that need quoting in a URL and a shell, so that tests of redaction mean something. */
const SERVER_PASSWORD = "s3cret p@ss/word%:";

/**
 * A real PostgreSQL server: the one `TEST_DATABASE_URL` names, else a throw-away cluster made from the binaries on this
 * machine; `null` when there are none. The cluster is not durable unless it is asked for, listens on the loopback only,
 * and dies with the test.
 */
export async function startPostgresServer({ durable = false } = {}): Promise<PostgresServer | null> {
  const given = process.env["TEST_DATABASE_URL"];
  if (given) return withDatabases(given, async () => {});
  const binaries = postgresBinaries();
  if (binaries === null) return null;
  const cluster = await startCluster(binaries, durable ? AS_INSTALLED : FAST);
  return withDatabases(cluster.url, cluster.stop);
}

/** The directory of `initdb`, `postgres` and `pg_dump`; of the newest version where Debian keeps several. */
export function postgresBinaries(): string | null {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const onPath = Bun.which("initdb");
  const candidates = [
    ...versions.map((version) => join(debian, version, "bin")),
    ...(onPath ? [join(onPath, "..")] : []),
  ];
  return (
    candidates.find((directory) => existsSync(join(directory, "initdb")) && existsSync(join(directory, "postgres"))) ??
    null
  );
}

async function withDatabases(adminUrl: string, stopServer: () => Promise<void>): Promise<PostgresServer> {
  const admin = postgres({ ...mustParse(adminUrl), max: 1, onnotice() {} });
  const names: string[] = [];
  const createDatabase = async () => {
    const name = `policy_mesh_test_${crypto.randomUUID().replaceAll("-", "")}`;
    await admin`create database ${admin(name)}`;
    names.push(name);
    return adminUrl.replace(/^([a-z]+:\/\/[^/?]*)(?:\/[^?]*)?/, `$1/${name}`);
  };
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    for (const name of names) await admin`drop database if exists ${admin(name)} with (force)`;
    await admin.end({ timeout: 5 });
    await stopServer();
  };
  const url = await createDatabase();
  return {
    url,
    createDatabase,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** Settings of a server by what it promises of a commit; benches measure one that keeps it. */
const FAST = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", shared_buffers: "16MB" };
const AS_INSTALLED = {};

type Cluster = { readonly url: string; stop(): Promise<void> };

async function startCluster(binaries: string, durability: Readonly<Record<string, string>>): Promise<Cluster> {
  const directory = mkdtempSync(join(tmpdir(), "policy-mesh-pg-"));
  const user = unprivilegedUser();
  if (user !== null) chownSync(directory, user.uid, user.gid);
  const dataDir = join(directory, "data");
  const passwordFile = join(directory, "password");
  writeFileSync(passwordFile, SERVER_PASSWORD);
  const auth = ["--auth=scram-sha-256", `--pwfile=${passwordFile}`];
  const locale = ["--locale=C.UTF-8", "--encoding=UTF8"];
  const initdb = [join(binaries, "initdb"), "-D", dataDir, "-U", "tester", "--no-sync", ...auth, ...locale];
  const made = Bun.spawnSync([...asUser(user), ...initdb], { cwd: directory });
  if (!made.success) {
    rmSync(directory, { recursive: true, force: true });
    throw new Error(`initdb failed: ${made.stderr.toString()}`);
  }
  const port = await freePort();
  const settings = { listen_addresses: "127.0.0.1", port, unix_socket_directories: directory, max_connections: 100 };
  const flags = Object.entries({ ...settings, ...durability }).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const command = [...asUser(user), join(binaries, "postgres"), "-D", dataDir, ...flags];
  const server = Bun.spawn(command, { cwd: directory, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  const killNow = () => server.kill("SIGQUIT");
  process.once("exit", killNow);
  const url = `postgres://tester:${encodeURIComponent(SERVER_PASSWORD)}@127.0.0.1:${port}/postgres?sslmode=disable`;
  const stop = async () => {
    process.off("exit", killNow);
    killNow();
    await server.exited;
    rmSync(directory, { recursive: true, force: true });
  };
  await untilAnswering(url, () => server.exitCode === null).catch(async (cause) => {
    await stop();
    throw cause;
  });
  return { url, stop };
}

type SystemUser = { readonly uid: number; readonly gid: number };

/** PostgreSQL refuses to run as root. `null` when this process is not root. */
function unprivilegedUser(): SystemUser | null {
  if (process.getuid?.() !== 0) return null;
  for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
    const [name, , uid, gid] = line.split(":");
    if (name === "postgres" || name === "nobody") return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error("neither postgres nor nobody is a user of this machine");
}

/** `setpriv` replaces itself by the command, so the pid we hold is PostgreSQL's own; and it dies when the test dies. */
function asUser(user: SystemUser | null): string[] {
  const setpriv = Bun.which("setpriv");
  if (setpriv === null && user !== null) throw new Error("setpriv (util-linux) is needed to leave root");
  if (setpriv === null) return [];
  const identity = user === null ? [] : [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"];
  return [setpriv, "--pdeathsig=QUIT", ...identity];
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}

async function untilAnswering(url: string, alive: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (alive() && Date.now() < deadline) {
    const sql = postgres({ ...mustParse(url), max: 1, connect_timeout: 2, onnotice() {} });
    try {
      await sql`select 1`;
      return;
    } catch {
      await Bun.sleep(50);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }
  throw new Error(alive() ? "PostgreSQL did not answer in time" : "PostgreSQL ended while starting");
}

function mustParse(url: string): NonNullable<ReturnType<typeof clientOptions>> {
  const options = clientOptions(url);
  if (options === null) throw new Error("TEST_DATABASE_URL is not a PostgreSQL URL");
  return options;
}
