// Bitcoin, by bitcoinjs-lib. What it does with a PSBT is the same for every network of the family without a fork id.
export default function (require) {
  const { Psbt, Transaction, initEccLib, crypto } = require("bitcoinjs-lib");
  const ecc = require("@bitcoinerlab/secp256k1");
  initEccLib(ecc);
  const hex = (bytes) => Buffer.from(bytes).toString("hex");
  const maybe = (bytes) => (bytes === undefined ? null : hex(bytes));
  const xOnly = (key) => key.slice(1, 33);
  // BIP-86: the output key of a key that stands alone.
  const tweaked = (secret) => {
    const key = ecc.pointFromScalar(secret, true);
    const even = key[0] === 2 ? secret : ecc.privateNegate(secret);
    return ecc.privateAdd(even, crypto.taggedHash("TapTweak", xOnly(key)));
  };
  const signer = (secret) => ({
    publicKey: ecc.pointFromScalar(secret, true),
    sign: (digest) => ecc.sign(digest, secret),
    signSchnorr: (digest) => ecc.signSchnorr(digest, secret),
  });
  const valid = (key, digest, signature) =>
    key.length === 32 ? ecc.verifySchnorr(digest, key, signature) : ecc.verify(digest, key, signature);
  return {
    psbt_decode: ({ psbt }) => {
      const read = Psbt.fromBase64(psbt);
      return {
        version: read.version,
        lock_time: read.locktime,
        inputs: read.txInputs.map((input, place) => {
          const data = read.data.inputs[place];
          return {
            txid: hex(Buffer.from(input.hash).reverse()),
            index: input.index,
            sequence: input.sequence,
            previous_txid: data.nonWitnessUtxo === undefined ? null : Transaction.fromBuffer(data.nonWitnessUtxo).getId(),
            witness_value: data.witnessUtxo === undefined ? null : data.witnessUtxo.value.toString(),
            sighash: data.sighashType ?? null,
            redeem_script: maybe(data.redeemScript),
            witness_script: maybe(data.witnessScript),
            derivations: (data.bip32Derivation ?? data.tapBip32Derivation ?? []).map((key) => ({
              key: hex(key.pubkey),
              fingerprint: hex(key.masterFingerprint),
              path: key.path,
            })),
            unknown: (data.unknownKeyVals ?? []).length,
          };
        }),
        outputs: read.txOutputs.map((output) => ({ script: hex(output.script), value: output.value.toString() })),
      };
    },
    // Signs the first input by one key; `taproot`: by the key that the output commits to.
    psbt_sign: ({ psbt, key, taproot }) => {
      const made = Psbt.fromBase64(psbt);
      const secret = Buffer.from(key, "hex");
      // The library signs for no Taproot input that does not name its inner key; a signer that finds its own notes it.
      if (taproot && made.data.inputs[0].tapInternalKey === undefined) {
        made.updateInput(0, { tapInternalKey: xOnly(ecc.pointFromScalar(secret, true)) });
      }
      made.signInput(0, signer(taproot ? tweaked(secret) : secret));
      return { psbt: made.toBase64() };
    },
    psbt_combine: ({ psbts }) => {
      const [first, ...others] = psbts.map((text) => Psbt.fromBase64(text));
      return { psbt: (others.length === 0 ? first : first.combine(...others)).toBase64() };
    },
    psbt_finish: ({ psbt }) => {
      const made = Psbt.fromBase64(psbt);
      const is_valid = made.validateSignaturesOfInput(0, valid);
      made.finalizeAllInputs();
      // The library refuses fees that it finds high; whether one is, was approved already.
      const transaction = made.extractTransaction(true);
      return {
        valid: is_valid,
        psbt: made.toBase64(),
        hex: transaction.toHex(),
        txid: transaction.getId(),
        virtual_size: transaction.virtualSize(),
        fee: made.getFee().toString(),
      };
    },
  };
}
