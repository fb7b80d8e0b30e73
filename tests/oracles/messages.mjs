// Signed messages, by the libraries that wallets use. Keys and signatures are hex unless said otherwise.
import { createHash } from "node:crypto";

export default function (require) {
  const hex = (bytes) => Buffer.from(bytes).toString("hex");
  return {
    // EIP-191, by ethers.
    evm: async ({ key, text }) => {
      const { Wallet } = require("ethers");
      const wallet = new Wallet(`0x${key}`);
      return { address: wallet.address, signature: await wallet.signMessage(text) };
    },
    evm_verify: ({ text, signature }) => ({ address: require("ethers").verifyMessage(text, signature) }),
    // TIP-191, by TronWeb.
    tron: ({ key, text }) => {
      const { TronWeb, utils } = require("tronweb");
      return { address: TronWeb.address.fromPrivateKey(key), signature: utils.message.signMessage(text, key) };
    },
    tron_verify: ({ text, signature }) => ({ address: require("tronweb").utils.message.verifyMessage(text, signature) }),
    // SEP-53: the SDK's key over the hash that the proposal names; the signature in base64.
    stellar: ({ seed, text }) => {
      const { Keypair } = require("@stellar/stellar-sdk");
      const pair = Keypair.fromRawEd25519Seed(Buffer.from(seed, "hex"));
      const hash = createHash("sha256").update("Stellar Signed Message:\n").update(text, "utf8").digest();
      return { address: pair.publicKey(), signature: Buffer.from(pair.sign(hash)).toString("base64") };
    },
    // `signMessage` of browser wallets: the text's own bytes.
    solana: ({ seed, text }) => {
      const { Keypair } = require("@solana/web3.js");
      const nacl = require("tweetnacl");
      const pair = Keypair.fromSeed(Buffer.from(seed, "hex"));
      return { address: pair.publicKey.toBase58(), signature: hex(nacl.sign.detached(Buffer.from(text, "utf8"), pair.secretKey)) };
    },
    // Any bytes, as a hardware wallet signs them once it has shown them.
    solana_bytes: ({ seed, bytes }) => {
      const { Keypair } = require("@solana/web3.js");
      const nacl = require("tweetnacl");
      const pair = Keypair.fromSeed(Buffer.from(seed, "hex"));
      return { address: pair.publicKey.toBase58(), signature: hex(nacl.sign.detached(Buffer.from(bytes, "hex"), pair.secretKey)) };
    },
  };
}
