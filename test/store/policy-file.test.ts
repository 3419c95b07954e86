import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { lookAtPolicyFile, MAX_POLICY_BYTES, readPolicyFile } from "../../src/store/policy-file.ts";
import { scratchFolder } from "../support/gateway-process.ts";

let folder: ReturnType<typeof scratchFolder>;
let path: string;
beforeEach(() => {
  folder = scratchFolder();
  path = join(folder.path, "policy.yaml");
});
afterEach(() => folder.remove());

async function readGood(file = path) {
  const read = await readPolicyFile(file);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

async function faultOf(file = path) {
  const read = await readPolicyFile(file);
  if (read.ok) throw new Error("it was read");
  return read.error;
}

describe("readPolicyFile", () => {
  test("gives bytes, text and the signature beside them", async () => {
    writeFileSync(path, "name: ü\n");
    expect(await readGood()).toMatchObject({ text: "name: ü\n", signature: null });
    expect(Buffer.from((await readGood()).bytes).toString()).toBe("name: ü\n");
    writeFileSync(`${path}.sig`, "a note\n");
    expect((await readGood()).signature).toBe("a note\n");
  });

  test("takes a byte-order mark for no part of the text, but for one of the bytes and of a signature", async () => {
    writeFileSync(path, "\ufeffname: x\n");
    writeFileSync(`${path}.sig`, "\ufeffa note\n");
    const read = await readGood();
    expect([read.text, read.bytes.length, read.signature]).toEqual(["name: x\n", 11, "\ufeffa note\n"]);
  });

  test("stamps what the files hold, not when they were written", async () => {
    writeFileSync(path, "one");
    const { stamp } = await readGood();
    utimesSync(path, 1, 1);
    expect((await readGood()).stamp).toBe(stamp);
    const { mtime } = statSync(path);
    writeFileSync(path, "two");
    utimesSync(path, mtime, mtime);
    expect((await readGood()).stamp).not.toBe(stamp);
    writeFileSync(path, "one");
    expect((await readGood()).stamp).toBe(stamp);
  });

  test("stamps the signature too, and does not take one for a part of the other", async () => {
    const stamps = new Set<string>();
    for (const [policy, signature] of [
      ["ab", null],
      ["ab", ""],
      ["a", "b"],
      ["", "ab"],
      ["ab", "c"],
    ] as const) {
      writeFileSync(path, policy);
      if (signature === null) rmSync(`${path}.sig`, { force: true });
      else writeFileSync(`${path}.sig`, signature);
      stamps.add((await readGood()).stamp);
    }
    expect(stamps.size).toBe(5);
  });

  test("says that there is none", async () => {
    expect(await faultOf()).toMatchObject({ kind: "missing", message: `There is no policy file ${path}.` });
    expect(await faultOf(join(folder.path, "no", "such", "folder"))).toMatchObject({ kind: "missing" });
    symlinkSync(join(folder.path, "nowhere"), path);
    expect(await faultOf()).toMatchObject({ kind: "missing" });
  });

  test("reads as much as it says, and no more", async () => {
    writeFileSync(path, "a".repeat(MAX_POLICY_BYTES));
    expect((await readGood()).bytes).toHaveLength(MAX_POLICY_BYTES);
    writeFileSync(path, "a".repeat(MAX_POLICY_BYTES + 1));
    expect(await faultOf()).toMatchObject({ kind: "too_large" });
    writeFileSync(path, "a");
    writeFileSync(`${path}.sig`, "a".repeat(MAX_POLICY_BYTES + 1));
    expect(await faultOf()).toMatchObject({ kind: "too_large" });
  });

  test("refuses what is no UTF-8, and quotes nothing of it", async () => {
    writeFileSync(path, Buffer.from([0x63, 0x61, 0x6e, 0x61, 0x72, 0x79, 0xff]));
    const { kind, message } = await faultOf();
    expect([kind, message.includes("canary")]).toEqual(["not_utf8", false]);
    writeFileSync(path, "a");
    writeFileSync(`${path}.sig`, Buffer.from([0xc3]));
    expect(await faultOf()).toMatchObject({ kind: "not_utf8" });
  });

  test("refuses a folder, and does not wait for the writer of a pipe", async () => {
    mkdirSync(path);
    expect(await faultOf()).toMatchObject({ kind: "unreadable" });
    const pipe = join(folder.path, "pipe");
    expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
    expect(await faultOf(pipe)).toMatchObject({ kind: "unreadable" });
  });

  test("says that it cannot be read where links lead in a circle", async () => {
    const circle = join(folder.path, "circle");
    symlinkSync(circle, circle);
    expect(await faultOf(circle)).toMatchObject({ kind: "unreadable" });
  });

  test("never takes an unreadable signature for none", async () => {
    writeFileSync(path, "a");
    mkdirSync(`${path}.sig`);
    expect(await faultOf()).toMatchObject({ kind: "unreadable" });
  });
});

/** As Kubernetes mounts a ConfigMap: names that lead through `..data`, which is swapped whole. */
function configMap() {
  let version = 0;
  const mount = (policy: string, signature: string) => {
    const target = `..v${++version}`;
    mkdirSync(join(folder.path, target));
    writeFileSync(join(folder.path, target, "policy.yaml"), policy);
    writeFileSync(join(folder.path, target, "policy.yaml.sig"), signature);
    symlinkSync(target, join(folder.path, "..data_tmp"));
    renameSync(join(folder.path, "..data_tmp"), join(folder.path, "..data"));
    return target;
  };
  for (const name of ["policy.yaml", "policy.yaml.sig"]) symlinkSync(join("..data", name), join(folder.path, name));
  return mount;
}

describe("a mounted ConfigMap", () => {
  test("is followed to each new version", async () => {
    const mount = configMap();
    const old = mount("one", "sig one");
    const [before, look] = [await readGood(), await lookAtPolicyFile(path)];
    expect(before).toMatchObject({ text: "one", signature: "sig one" });
    mount("two", "sig two");
    rmSync(join(folder.path, old), { recursive: true });
    const after = await readGood();
    expect(after).toMatchObject({ text: "two", signature: "sig two" });
    expect([after.stamp === before.stamp, (await lookAtPolicyFile(path)) === look]).toEqual([false, false]);
  });

  test("is never read half old and half new", async () => {
    const mount = configMap();
    mount("0", "0");
    const swapping = { on: true };
    const swapped = (async () => {
      for (let content = 1; swapping.on; content++) {
        mount(String(content), String(content));
        await Bun.sleep(content % 4);
      }
    })();
    for (let reads = 0; reads < 100; reads++) {
      const read = await readPolicyFile(path);
      if (read.ok) expect(read.value.signature).toBe(read.value.text);
      else expect(read.error.kind).toBe("changing");
    }
    swapping.on = false;
    await swapped;
    expect((await readGood()).text).not.toBe("0");
  });
});

describe("lookAtPolicyFile", () => {
  test("answers the same while nobody writes, also where there is nothing", async () => {
    expect(await lookAtPolicyFile(path)).toBe(await lookAtPolicyFile(path));
    writeFileSync(path, "one");
    expect(await lookAtPolicyFile(path)).toBe(await lookAtPolicyFile(path));
  });

  test("answers otherwise after each part of a write, a replacement, a deletion and a signature", async () => {
    const looks: string[] = [await lookAtPolicyFile(path)];
    const look = async () => looks.push(await lookAtPolicyFile(path));
    const file = openSync(path, "w");
    for (const part of ["half", " whole"]) {
      writeSync(file, part);
      await look();
    }
    closeSync(file);
    const { mtime } = statSync(path);
    writeFileSync(join(folder.path, "other"), "half other");
    utimesSync(join(folder.path, "other"), mtime, mtime);
    renameSync(join(folder.path, "other"), path);
    await look();
    writeFileSync(`${path}.sig`, "x");
    await look();
    rmSync(path);
    await look();
    expect(new Set(looks).size).toBe(looks.length);
  });
});
