// Counts what a test run faced. Called by tests/run:
//   node count.mjs FOLDER
// Reads junit.xml, list.json and doc.log there, prints one line, and fails when a test failed or did not run.
//
// A test says in its name what it faces. In a suite (a file under some tests/ folder) its parts are the suite, the modules and the
// function; the innermost part that starts with one of these words counts:
//   node, nodes, node_…      a real node or virtual machine: anvil, TON's
//   postgres, postgres_…     a real PostgreSQL, with or without a node beside it
//   oracle, oracle_…         published lists or programs of others, to which our answer is compared
//   recorded, recorded_…     answers recorded from the real network
// All the rest, and every unit test, faces only our own code and our own fixtures.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const MARKS = { node: /^nodes?(_|$)/, postgres: /^postgres(_|$)/, oracle: /^oracle(_|$)/, recorded: /^recorded(_|$)/, own: /^own(_|$)/ };

function faced(kind, binaryId, name) {
  if (kind !== "test") return "own";
  const parts = [...binaryId.split("::").slice(1), ...name.split("::")];
  const marks = parts.map((part) => Object.keys(MARKS).find((mark) => MARKS[mark].test(part)));
  return marks.findLast((mark) => mark !== undefined) ?? "own";
}

function unescape(text) {
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => ({ lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" })[name]);
}

function summary(folder) {
  const list = JSON.parse(readFileSync(join(folder, "list.json"), "utf8"));
  const junit = readFileSync(join(folder, "junit.xml"), "utf8");
  const ran = new Map();
  // One element a test; a failed one has a child. Attributes come in any order.
  for (const [, attributes, , body] of junit.matchAll(/<testcase\s([^>]*?)(\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const value = (key) => unescape(attributes.match(new RegExp(`(?:^|\\s)${key}="([^"]*)"`))[1]);
    const failed = /<(failure|error)[\s>]/.test(body ?? "");
    ran.set(`${value("classname")} ${value("name")}`, failed);
  }
  const counts = { node: 0, postgres: 0, oracle: 0, recorded: 0, own: 0 };
  const skipped = [];
  let failed = 0;
  for (const suite of Object.values(list["rust-suites"])) {
    for (const name of Object.keys(suite.testcases)) {
      const key = `${suite["binary-id"]} ${name}`;
      if (ran.has(key)) {
        counts[faced(suite.kind, suite["binary-id"], name)] += 1;
        if (ran.get(key)) failed += 1;
        ran.delete(key);
      } else {
        skipped.push(key);
      }
    }
  }
  // A name of the report that the list does not know means this script reads one of the two wrongly.
  if (ran.size > 0) throw new Error(`ran, but not in the list of tests: ${[...ran.keys()].join(", ")}`);

  let doc = 0;
  const results = readFileSync(join(folder, "doc.log"), "utf8");
  for (const [, passed, bad, ignored] of results.matchAll(/^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored/gm)) {
    doc += Number(passed) + Number(bad);
    failed += Number(bad);
    for (let i = 0; i < Number(ignored); i += 1) skipped.push("a documentation example");
  }
  for (const name of skipped) console.error(`did not run: ${name}`);
  const total = Object.values(counts).reduce((sum, count) => sum + count, doc);
  console.log(
    `tests=${total} real_node=${counts.node} postgres=${counts.postgres} oracle=${counts.oracle} recorded=${counts.recorded} own=${counts.own} doc=${doc}` +
      ` failed=${failed} skipped=${skipped.length}`,
  );
  return skipped.length === 0 && failed === 0 && total > 0 ? 0 : 1;
}

const folder = process.argv[2];
if (folder === undefined) {
  console.error("usage: node count.mjs FOLDER");
  process.exitCode = 2;
} else {
  process.exitCode = summary(folder);
}
