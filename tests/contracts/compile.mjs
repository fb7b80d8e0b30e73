// Compiles every .sol file of this folder with the solc of the given node_modules and writes one NAME.json a contract.
// Called by tests/setup:  node compile.mjs NODE_MODULES OUTPUT_FOLDER
import { createRequire } from "node:module";
import { readdirSync, readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [nodeModules, output] = process.argv.slice(2);
if (!nodeModules || !output) {
  console.error("usage: node compile.mjs NODE_MODULES OUTPUT_FOLDER");
  process.exit(2);
}
const folder = dirname(fileURLToPath(import.meta.url));
const solc = createRequire(join(resolve(nodeModules), "x.js"))("solc");

const sources = {};
for (const name of readdirSync(folder).filter((name) => name.endsWith(".sol")).sort()) {
  sources[name] = { content: readFileSync(join(folder, name), "utf8") };
}
const input = {
  language: "Solidity",
  sources,
  settings: {
    optimizer: { enabled: true, runs: 200 },
    // The oldest rules the tests may want to run under: no opcode newer than the merge, no metadata hash in the code, so that
    // the bytes, and with them every CREATE2 address, depend on the sources and the compiler alone.
    evmVersion: "paris",
    metadata: { bytecodeHash: "none", appendCBOR: false },
    outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "evm.methodIdentifiers"] } },
  },
};
const answer = JSON.parse(solc.compile(JSON.stringify(input)));
const errors = (answer.errors ?? []).filter((entry) => entry.severity === "error");
if (errors.length > 0) {
  console.error(errors.map((entry) => entry.formattedMessage).join("\n"));
  process.exit(1);
}
mkdirSync(output, { recursive: true });
let count = 0;
for (const [file, contracts] of Object.entries(answer.contracts)) {
  for (const [name, contract] of Object.entries(contracts)) {
    if (contract.evm.bytecode.object === "") continue; // abstract, or an interface
    const artifact = {
      contract: name,
      source: file,
      compiler: solc.version(),
      abi: contract.abi,
      selectors: contract.evm.methodIdentifiers,
      bytecode: "0x" + contract.evm.bytecode.object,
      runtime: "0x" + contract.evm.deployedBytecode.object,
    };
    writeFileSync(join(output, `${name}.json`), JSON.stringify(artifact, null, 1) + "\n");
    count += 1;
  }
}
console.log(`${count} contracts compiled by solc ${solc.version()}`);
