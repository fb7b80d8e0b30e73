// The networks' own client libraries behind one pipe. Called by crates/testkit/src/oracle.rs:
//   node oracle.mjs NODE_MODULES
// One JSON object a line comes in, one goes out, in order:
//   {"id":1,"op":"xrpl.encode","args":{…}}  →  {"id":1,"ok":{…}}  or  {"id":1,"error":"what the library threw"}
// The first line out is {"ready":true}. A network's libraries load with its first question. README.md lists the operations.
import { createRequire } from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";

// Only answers may go to the pipe; whatever a library prints is for people.
const send = (value) => process.stdout.write(`${JSON.stringify(value, (_, item) => (typeof item === "bigint" ? item.toString() : item))}\n`);
for (const name of ["log", "info", "debug"]) console[name] = console.error;

const modules = process.argv[2];
if (modules === undefined) {
  console.error("usage: node oracle.mjs NODE_MODULES");
  process.exit(2);
}
const require = createRequire(path.join(path.resolve(modules), "oracle.js"));

const NETWORKS = ["bitcoin", "xrpl", "stellar", "cosmos", "ton", "tron", "solana", "messages"];
const loaded = new Map();
async function operations(network) {
  if (!NETWORKS.includes(network)) throw new Error(`no oracle for '${network}': ${NETWORKS.join(", ")}`);
  if (!loaded.has(network)) loaded.set(network, (await import(`./${network}.mjs`)).default(require));
  return loaded.get(network);
}

async function answer(op, args) {
  const [network, name] = String(op).split(".");
  const known = await operations(network);
  if (!Object.hasOwn(known, name)) throw new Error(`no operation '${op}': ${Object.keys(known).join(", ")}`);
  return (await known[name](args ?? {})) ?? null;
}

send({ ready: true });
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (line.trim() === "") continue;
  let id = null;
  try {
    const question = JSON.parse(line);
    id = question.id ?? null;
    send({ id, ok: await answer(question.op, question.args) });
  } catch (error) {
    send({ id, error: String(error?.message ?? error) || "refused without words" });
  }
}
