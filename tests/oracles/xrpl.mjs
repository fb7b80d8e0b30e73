// The XRP Ledger, by xrpl.js and its binary codec.
export default function (require) {
  const xrpl = require("xrpl");
  const codec = require("ripple-address-codec");
  const hex = (bytes) => Buffer.from(bytes).toString("hex").toUpperCase();
  const or = (make) => {
    try {
      return make();
    } catch {
      return null;
    }
  };
  const wallet = ({ seed, entropy, algorithm }) => {
    const options = { algorithm: algorithm ?? "ecdsa-secp256k1" };
    return seed === undefined ? xrpl.Wallet.fromEntropy(Buffer.from(entropy, "hex"), options) : xrpl.Wallet.fromSeed(seed, options);
  };
  return {
    address: ({ address }) => ({
      classic: xrpl.isValidClassicAddress(address),
      x_address: xrpl.isValidXAddress(address),
      seed: or(() => codec.decodeSeed(address).type) !== null,
      account_id: or(() => hex(codec.decodeAccountID(address))),
    }),
    address_encode: ({ account_id }) => ({ address: codec.encodeAccountID(Buffer.from(account_id, "hex")) }),
    x_encode: ({ address, tag, test }) => ({ x_address: xrpl.classicAddressToXAddress(address, tag ?? false, test ?? false) }),
    x_decode: ({ x_address }) => {
      const { classicAddress, tag, test } = xrpl.xAddressToClassicAddress(x_address);
      return { address: classicAddress, tag: tag === false ? null : tag, test };
    },
    wallet: (args) => {
      const made = wallet(args);
      return { address: made.address, seed: made.seed ?? null, public_key: made.publicKey, private_key: made.privateKey };
    },
    encode: ({ tx }) => ({ hex: xrpl.encode(tx) }),
    decode: ({ hex: blob }) => ({ tx: xrpl.decode(blob) }),
    encode_for_signing: ({ tx }) => ({ hex: xrpl.encodeForSigning(tx) }),
    encode_for_multisigning: ({ tx, signer }) => ({ hex: xrpl.encodeForMultiSigning(tx, signer) }),
    // `multisign`: true, or the address to sign for.
    sign: ({ tx, multisign, ...key }) => {
      const made = wallet(key);
      const { tx_blob, hash } = made.sign(tx, multisign ?? false);
      return { tx_blob, hash, address: made.address, public_key: made.publicKey, tx: xrpl.decode(tx_blob) };
    },
    verify: ({ tx_blob }) => ({ valid: xrpl.verifySignature(tx_blob) }),
    // Of a signed transaction, as a blob or as its fields.
    hash: ({ tx_blob, tx }) => ({ hash: xrpl.hashes.hashSignedTx(tx_blob ?? tx) }),
  };
}
