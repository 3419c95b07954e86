import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Environment,
  type GatewayProcess,
  NO_DATABASE,
  runGateway,
  scratchFolder,
  startGateway,
} from "../support/gateway-process.ts";
import { type RecordingOpenAi, startRecordingOpenAi } from "../support/recording-openai.ts";

const KEY = "sk-invented-key-91aa";
const LONG = "The tides differ from port to port. ".repeat(40);
const DEADLINE_MS = 15_000;

let box: RecordingOpenAi;
let cloud: RecordingOpenAi;
const running = new Set<GatewayProcess>();
const folder = scratchFolder();

beforeAll(() => {
  box = startRecordingOpenAi("box-model");
  cloud = startRecordingOpenAi("cloud-model");
});
afterEach(() => {
  for (const gateway of running) gateway.signal("SIGKILL");
  running.clear();
  box.bodies.length = 0;
  cloud.bodies.length = 0;
  cloud.fails(false);
});
afterAll(() => {
  box.stop();
  cloud.stop();
  folder.remove();
});

type Says = { readonly version?: number; readonly chain?: string; readonly keyword?: string; readonly rules?: string };

const policy = ({ version = 1, chain = "cloud, box", keyword = "falcon", rules = "" }: Says = {}) => `
apiVersion: policy-mesh/v1
name: e2e
version: ${version}
labels: { team: [research] }
providers:
  box: { kind: openai, zone: local, base_url: "${box.url}", default_model: box-model }
  cloud: { kind: openai, zone: cloud, base_url: "${cloud.url}", api_key: "\${CLOUD_KEY}", default_model: cloud-model }
signals:
  codename: { keywords: [${keyword}] }
constraints:
  - { id: codenames-stay, when: { signal: codename }, forbid: { zones_except: [local] }, reason: codename }
rules:
${rules}  - { id: short, when: { prompt_chars: { at_most: 100 } }, route: [box], reason: short_prompt }
default: { route: [${chain}], reason: anything_else, limits: { max_output_tokens: 50 } }
`;

/** As an editor or a deployment puts a file in place: whole. */
function write(file: string, text: string): void {
  writeFileSync(`${file}.next`, text);
  renameSync(`${file}.next`, file);
}

async function start(name: string, text: string, env: Environment = {}) {
  const file = join(folder.path, `${name}.yaml`);
  write(file, text);
  const settings = { DATA_DIR: join(folder.path, name), POLICY_FILE: file, CLOUD_KEY: KEY, ...env };
  const gateway = await startGateway(folder.path, settings);
  running.add(gateway);
  return { file, settings, gateway };
}

const user = (content: string) => ({ messages: [{ role: "user", content }] });
type Answer = { request_id: string; provider: string | null; model: string | null; reason_codes: string[] };
const answerOf = async (response: Response) => (await response.json()) as Answer;
const activeVersion = async (gateway: GatewayProcess) =>
  ((await (await gateway.request("/v1/policy")).json()) as { version: number }).version;

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error("it did not come about");
    await Bun.sleep(50);
  }
}

const refusals = async (gateway: GatewayProcess) =>
  Number(
    /policy_mesh_policy_loads_total\{result="refused"\} (\d+)/.exec(
      await (await gateway.request("/v1/metrics")).text(),
    )?.[1] ?? 0,
  );

describe("a gateway with a policy file", () => {
  test("does what the file says, and puts on record which file that was", async () => {
    const { gateway } = await start("does", policy());
    const secret = await answerOf(await gateway.chat(user(`${LONG} the Falcon contract`)));
    expect(secret).toMatchObject({ provider: "box", reason_codes: ["codename", "anything_else"] });
    expect(cloud.bodies).toEqual([]);
    const plain = await answerOf(await gateway.chat({ ...user(LONG), model: "auto" }));
    expect(plain).toMatchObject({ provider: "cloud", model: "cloud-model", reason_codes: ["anything_else"] });
    expect(cloud.bodies[0]?.authorization).toBe(`Bearer ${KEY}`);
    expect(JSON.parse(cloud.bodies[0]?.text ?? "")).toMatchObject({ model: "cloud-model", max_tokens: 50 });
    const inForce = (await (await gateway.request("/v1/policy")).json()) as { hash: string };
    const row = JSON.stringify(await gateway.row(plain.request_id));
    expect(row).toContain(inForce.hash);
    expect(row).toContain('"rule":"default"');
    const seen = [JSON.stringify(inForce), row, gateway.output.stdout].join("\n");
    for (const private_ of ["falcon", "Falcon", KEY]) expect(seen).not.toContain(private_);
  });

  test("goes on to the next of the chain where the first fails, but never to one that is forbidden", async () => {
    const { gateway } = await start("chain", policy());
    cloud.fails(true);
    const response = await gateway.chat(user(LONG));
    const answer = await answerOf(response);
    expect(answer).toMatchObject({ provider: "box" });
    // Such a failure may pass: the first is asked twice more before the next is.
    expect(cloud.bodies).toHaveLength(3);
    expect(response.headers.get("x-policy-mesh-attempts")).toBe("4");
    expect(await gateway.row(answer.request_id)).toMatchObject({
      ...{ provider: "cloud", zone: "cloud", answered_provider: "box", answered_zone: "local" },
      attempts: [
        ...Array.from({ length: 3 }, () => ({ provider: "cloud", result: "upstream_error" })),
        { provider: "box", model: "box-model", result: "answered" },
      ],
    });
    await gateway.stop();
    running.clear();
    const forbidden = await start("forbidden", policy({ chain: "cloud" }), NO_DATABASE);
    const denied = await forbidden.gateway.chat(user(`${LONG} falcon`));
    expect(denied.status).toBe(403);
    expect(await answerOf(denied)).toMatchObject({
      provider: null,
      reason_codes: ["codename", "anything_else", "policy.no_compliant_route"],
    });
    expect(cloud.bodies).toHaveLength(3);
  });

  test("takes a new file while it serves, keeps the old one where the new one is wrong, and says so", async () => {
    const { gateway, file } = await start("reload", policy(), NO_DATABASE);
    write(file, policy({ version: 2, chain: "box" }));
    await until(async () => (await activeVersion(gateway)) === 2);
    expect(await answerOf(await gateway.chat(user(LONG)))).toMatchObject({ provider: "box" });
    write(file, policy({ version: 3, chain: "clout" }));
    await until(async () => (await refusals(gateway)) === 1);
    expect(await activeVersion(gateway)).toBe(2);
    await until(async () => gateway.output.stdout.includes('did you mean \\"cloud\\"'));
    // The signal reads the file at once, also where nothing changed.
    gateway.signal("SIGHUP");
    await until(async () => (await refusals(gateway)) === 2);
    write(file, policy({ version: 4 }));
    gateway.signal("SIGHUP");
    await until(async () => (await activeVersion(gateway)) === 4);
    expect(await answerOf(await gateway.chat(user(LONG)))).toMatchObject({ provider: "cloud" });
    expect(await gateway.stop()).toBe(0);
  });

  test("believes the labels of a header that is trusted, and of no other", async () => {
    const rules = "  - { id: research, when: { labels: { team: research } }, deny: true, reason: not_for_research }\n";
    const { gateway } = await start("labels", policy({ rules }), { ...NO_DATABASE, TRUSTED_LABELS_HEADER: "X-Caller" });
    const send = (headers: Record<string, string>) =>
      gateway.chat(user("hello"), { headers: { "content-type": "application/json", ...headers } });
    const denied = await send({ "x-caller": "team=research" });
    expect(denied.status).toBe(403);
    expect((await answerOf(denied)).reason_codes).toEqual(["not_for_research", "policy.denied"]);
    expect((await send({ "x-caller": "team=sales" })).status).toBe(200);
    expect((await send({ "x-other": "team=research" })).status).toBe(200);
    expect((await send({ "x-caller": "team" })).status).toBe(400);
  });

  test("does not start with a file that is wrong, and says all that is wrong with it", async () => {
    const file = join(folder.path, "wrong.yaml");
    write(file, policy({ chain: "clout" }).replace("name: e2e", "nam: e2e"));
    const env = { DATA_DIR: join(folder.path, "wrong"), POLICY_FILE: file, PORT: "0" };
    const { stderr, exitCode } = await runGateway(["serve"], folder.path, env);
    expect(exitCode).toBe(1);
    for (const said of [`${file}:3:1`, 'did you mean "name"', 'did you mean "cloud"', "CLOUD_KEY"]) {
      expect(stderr).toContain(said);
    }
  });

  test("does not go back to an older version behind its back, unless that is forced", async () => {
    const { gateway, settings, file } = await start("back", policy({ version: 5 }));
    await until(async () => (await gateway.request("/v1/ready")).status === 200);
    await gateway.stop();
    running.clear();
    write(file, policy({ version: 4 }));
    const refused = await runGateway(["serve"], folder.path, { ...settings, PORT: "0" });
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining("POLICY_ALLOW_DOWNGRADE")]);
    const forced = await startGateway(folder.path, { ...settings, POLICY_ALLOW_DOWNGRADE: "true" });
    running.add(forced);
    expect(await activeVersion(forced)).toBe(4);
  });

  test("takes only what is signed where a key is set", async () => {
    const file = join(folder.path, "signed.yaml");
    const key = join(folder.path, "policy.key");
    write(file, policy());
    const made = await runGateway(["policy", "keygen", "ops.example", "--out", key], folder.path);
    const publicKey = /\S+\+[0-9a-f]{8}\+\S+/.exec(made.stdout)?.[0] ?? "";
    const env = {
      ...{ DATA_DIR: join(folder.path, "signed"), POLICY_FILE: file, CLOUD_KEY: KEY },
      ...{ ...NO_DATABASE, POLICY_PUBLIC_KEY: publicKey, PORT: "0" },
    };
    const unsigned = await runGateway(["serve"], folder.path, env);
    expect([unsigned.exitCode, unsigned.stderr]).toEqual([1, expect.stringContaining("not signed")]);
    expect((await runGateway(["policy", "sign", file, "--key", key], folder.path)).exitCode).toBe(0);
    const gateway = await startGateway(folder.path, env);
    running.add(gateway);
    write(file, policy({ version: 2, chain: "box" }));
    await until(async () => (await refusals(gateway)) === 1);
    expect(await activeVersion(gateway)).toBe(1);
    expect((await runGateway(["policy", "sign", file, "--key", key], folder.path)).exitCode).toBe(0);
    await until(async () => (await activeVersion(gateway)) === 2);
  });
});
