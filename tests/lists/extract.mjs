// Prints every token of the installed token lists, for the networks of chains.toml, one JSON line each:
//   {"list":"@bitgo/statics","caip2":"eip155:1","contract":"0xdac1…","decimals":6,"symbol":"USDT"}
// `contract` is what identifies the token on its network: lower case on EVM networks, as the lists write it elsewhere, `native`
// for the network's own coin. `decimals` is null where the network gives its tokens none (XRP Ledger). A list that names one
// contract twice with the same decimals and symbol gives one line; a list that contradicts itself gives both, so that the reader
// can see it. The symbol is for people only.
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

// The other networks, by CAIP-2 id: what BitGo calls their coins, and where the chain registry keeps them.
const OTHERS = {
  "xrpl:0": { bitgo: "xrp" },
  "stellar:pubnet": { bitgo: "xlm" },
  "tvm:-239": { bitgo: "ton" },
  "tron:0x2b6653dc": { bitgo: "trx" },
  "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp": { bitgo: "sol" },
  "cosmos:cosmoshub-4": { bitgo: "atom", registry: "cosmoshub" },
  "cosmos:osmosis-1": { bitgo: "osmo", registry: "osmosis" },
  "cosmos:kava_2222-10": { bitgo: "kavacosmos", registry: "kava" },
  "cosmos:celestia": { bitgo: "tia", registry: "celestia" },
  "cosmos:injective-1": { bitgo: "injective", registry: "injective" },
  "cosmos:pacific-1": { bitgo: "sei", registry: "sei" },
  "cosmos:dydx-mainnet-1": { bitgo: "dydxcosmos", registry: "dydx" },
};

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
  for (const [caip2, { bitgo: name }] of Object.entries(OTHERS)) {
    const coin = coins.get(name);
    rows.push([caip2, "native", coin.decimalPlaces, coin.suffix]);
  }
  coins.forEach((coin) => {
    if (coin.network.type !== "mainnet") return;
    switch (coin.constructor.name) {
      case "XrpCoin":
        rows.push(["xrpl:0", `${coin.currencyCode}.${coin.issuerAddress}`, null, coin.suffix]);
        break;
      case "StellarCoin":
        // xlm:CODE-ISSUER
        rows.push(["stellar:pubnet", coin.name.replace(/^xlm:/, "").replace("-", "."), coin.decimalPlaces, coin.suffix]);
        break;
      case "JettonToken":
        rows.push(["tvm:-239", coin.contractAddress, coin.decimalPlaces, coin.suffix]);
        break;
      case "TronErc20Coin":
        rows.push(["tron:0x2b6653dc", coin.contractAddress, coin.decimalPlaces, coin.suffix]);
        break;
      case "SolCoin":
        rows.push(["solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", coin.tokenAddress, coin.decimalPlaces, coin.suffix]);
        break;
    }
  });
  yield* rows;
}

/** Reads the Cosmos chain registry: each network's coins by denomination; the coin it stakes is its own. */
function* chainRegistry(modules) {
  const require = createRequire(path.join(modules, "x.js"));
  for (const [caip2, { registry }] of Object.entries(OTHERS)) {
    if (registry === undefined) continue;
    const chain = require(`chain-registry/mainnet/${registry}/chain.js`).default;
    if (`cosmos:${chain.chainId}` !== caip2) throw new Error(`chain-registry: ${registry} is ${chain.chainId} now`);
    const native = chain.staking.stakingTokens[0].denom;
    for (const asset of require(`chain-registry/mainnet/${registry}/asset-list.js`).default.assets) {
      const decimals = asset.denomUnits.find((unit) => unit.denom === asset.display)?.exponent;
      // A coin whose display unit is not among its units says nothing about decimals.
      if (!Number.isInteger(decimals)) continue;
      // Tokens of contracts are written "cw20:CONTRACT" there.
      yield [caip2, asset.base === native ? "native" : asset.base.replace(/^cw20:/, ""), decimals, asset.symbol];
    }
  }
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
  "chain-registry": chainRegistry,
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
    for await (const [chain, contract, decimals, symbol] of read(modules)) {
      const isEvm = typeof chain === "number";
      if (isEvm ? !CHAIN_IDS.has(chain) : !(chain in OTHERS)) continue;
      const isReadable = isEvm
        ? /^0x[0-9a-fA-F]{40}$/.test(contract) && Number.isInteger(decimals)
        : /^\S+$/.test(contract) && (Number.isInteger(decimals) || (chain === "xrpl:0" && decimals === null));
      if (!isReadable) {
        throw new Error(`${list}: unreadable token ${JSON.stringify([chain, contract, decimals, symbol])}`);
      }
      count += 1;
      lines.add(
        JSON.stringify({
          list,
          caip2: isEvm ? `eip155:${chain}` : chain,
          contract: isEvm ? contract.toLowerCase() : contract,
          decimals,
          symbol: symbol ?? "",
        }),
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
