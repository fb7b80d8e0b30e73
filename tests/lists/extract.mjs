// Prints every EVM token of the installed token lists, for the networks of chains.toml, one JSON line each:
//   {"list":"@bitgo/statics","chain_id":1,"contract":"0xdac1…","decimals":6,"symbol":"USDT"}
// `contract` is lower case. A list that names one contract twice with the same decimals and symbol gives one
// line; a list that contradicts itself gives both, so that the reader can see it. The symbol is for people only.
//
// Usage: node extract.mjs NODE_MODULES_DIR
//
// The lists are read where they are installed and nothing of them is kept: one of them is GPL, and a stale copy
// would confirm addresses that its maintainers have since withdrawn.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const CHAIN_IDS = new Set([
  1, // ethereum
  10, // optimism
  25, // cronos
  56, // bsc
  61, // ethereum-classic
  100, // gnosis
  137, // polygon
  146, // sonic
  204, // opbnb
  5000, // mantle
  8453, // base
  42161, // arbitrum
  42220, // celo
  43114, // avalanche
  59144, // linea
  534352, // scroll
]);

// The names that PancakeSwap's own ChainId enumeration gives to the networks above.
const PANCAKESWAP_CHAIN_IDS = {
  ETHEREUM: 1,
  BSC: 56,
  OPBNB: 204,
  BASE: 8453,
  ARBITRUM_ONE: 42161,
  LINEA: 59144,
};

/** Reads a file of the "token lists" JSON standard: `tokens[].{chainId,address,decimals,symbol}`. */
function* standardList(file) {
  for (const token of JSON.parse(readFileSync(file, "utf8")).tokens) {
    yield [token.chainId, token.address, token.decimals, token.symbol];
  }
}

/** Reads Beefy's address book: one table per network, with several keys that may name the same token. */
async function* beefy(modules) {
  const entry = path.join(modules, "@beefyfinance/blockchain-addressbook/dist/address-book/index.js");
  const { addressBook, ChainId } = await import(pathToFileURL(entry));
  for (const [network, book] of Object.entries(addressBook)) {
    for (const token of Object.values(book.tokens)) {
      yield [ChainId[network], token.address, token.decimals, token.symbol];
    }
  }
}

/** Reads BitGo's coin table. Token classes that are no ERC-20 (NFTs, encrypted balances) have no decimals of ours. */
function* bitgo(modules) {
  const { coins } = createRequire(path.join(modules, "x.js"))("@bitgo/statics");
  const rows = [];
  coins.forEach((coin) => {
    if (coin.network.type !== "mainnet" || typeof coin.contractAddress !== "string") return;
    if (/721|1155|7984/.test(coin.constructor.name)) return;
    // Generic entries of theirs carry a word where the contract would stand, such as "0xnonstandard:token".
    if (!/^0x[0-9a-fA-F]{40}$/.test(coin.contractAddress)) return;
    rows.push([coin.network.chainId, coin.contractAddress, coin.decimalPlaces, coin.suffix]);
  });
  yield* rows;
}

/**
 * Reads PancakeSwap's token constants as text: importing the module would need its whole SDK, and only the
 * constructor calls are wanted: `new ERC20Token(ChainId.OPBNB, "0x…", 18, "CAKE", …)`.
 */
function* pancakeswap(modules) {
  const text = readFileSync(path.join(modules, "@pancakeswap/tokens/dist/index.mjs"), "utf8");
  const call = /new ERC20Token\(\s*ChainId(?:\$\d+)?\.(\w+),\s*"(0x[0-9a-fA-F]{40})",\s*(\d+),\s*"([^"]*)"/g;
  const calls = [...text.matchAll(call)];
  const written = text.split("new ERC20Token(").length - 1;
  if (calls.length !== written) {
    throw new Error(`@pancakeswap/tokens: read ${calls.length} of ${written} tokens; adapt its reader here`);
  }
  for (const [, network, address, decimals, symbol] of calls) {
    yield [PANCAKESWAP_CHAIN_IDS[network], address, Number(decimals), symbol];
  }
}

const LISTS = {
  "@aave-dao/aave-address-book": (modules) =>
    standardList(path.join(modules, "@aave-dao/aave-address-book/tokenlist.json")),
  "@beefyfinance/blockchain-addressbook": beefy,
  "@bitgo/statics": bitgo,
  "@pancakeswap/tokens": pancakeswap,
  "@uniswap/default-token-list": (modules) =>
    standardList(path.join(modules, "@uniswap/default-token-list/build/uniswap-default.tokenlist.json")),
};

async function main() {
  if (process.argv.length !== 3) {
    throw new Error("usage: node extract.mjs NODE_MODULES_DIR");
  }
  const modules = path.resolve(process.argv[2]);
  const lines = new Set();
  for (const [list, read] of Object.entries(LISTS)) {
    let count = 0;
    for await (const [chainId, address, decimals, symbol] of read(modules)) {
      if (!CHAIN_IDS.has(chainId)) continue;
      if (!/^0x[0-9a-fA-F]{40}$/.test(address) || !Number.isInteger(decimals)) {
        throw new Error(`${list}: unreadable token ${JSON.stringify([chainId, address, decimals, symbol])}`);
      }
      count += 1;
      lines.add(
        JSON.stringify({ list, chain_id: chainId, contract: address.toLowerCase(), decimals, symbol: symbol ?? "" }),
      );
    }
    // A list whose shape changed would read as empty and confirm nothing, or hide a contradiction.
    if (count === 0) {
      throw new Error(`${list}: no token found; its layout has changed, adapt its reader here`);
    }
  }
  process.stdout.write([...lines].sort().join("\n") + "\n");
}

await main();
