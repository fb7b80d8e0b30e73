// Cosmos SDK networks, by cosmjs. Amounts, gas, sequences and heights are decimal text; bytes are hex.
export default function (require) {
  const { Registry, makeSignDoc, makeSignBytes, encodePubkey, makeAuthInfoBytes, decodeTxRaw, DirectSecp256k1Wallet } = require("@cosmjs/proto-signing");
  const { defaultRegistryTypes, AminoTypes, createDefaultAminoConverters } = require("@cosmjs/stargate");
  const amino = require("@cosmjs/amino");
  const { fromBech32, toBech32, toBase64 } = require("@cosmjs/encoding");
  const { sha256, Secp256k1, Secp256k1Signature } = require("@cosmjs/crypto");
  const { TxRaw, SignDoc, TxBody, AuthInfo } = require("cosmjs-types/cosmos/tx/v1beta1/tx");
  const { PubKey } = require("cosmjs-types/cosmos/crypto/secp256k1/keys");

  const hex = (bytes) => Buffer.from(bytes).toString("hex");
  const bytes = (text) => new Uint8Array(Buffer.from(text, "hex"));
  const registry = new Registry(defaultRegistryTypes);
  const pubkey = (text) => ({ type: "tendermint/PubKeySecp256k1", value: toBase64(bytes(text)) });
  const txid = (raw) => hex(sha256(raw)).toUpperCase();

  // The fields of a message as cosmjs names them (camelCase), integers as text.
  const plain = (value) => {
    if (typeof value === "bigint") return value.toString();
    if (value instanceof Uint8Array) return hex(value);
    if (Array.isArray(value)) return value.map(plain);
    if (value instanceof Date) return value.toISOString();
    if (value !== null && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
    return value;
  };
  const message = ({ typeUrl, value }) => {
    const known = registry.lookupType(typeUrl) !== undefined;
    return { type_url: typeUrl, hex: hex(value), value: known ? plain(registry.decode({ typeUrl, value })) : null };
  };
  const bodyJson = (body) => ({
    messages: body.messages.map(message),
    memo: body.memo,
    timeout_height: body.timeoutHeight.toString(),
  });
  const authJson = (auth) => ({
    signers: auth.signerInfos.map((signer) => ({
      public_key: signer.publicKey === undefined ? null : { type_url: signer.publicKey.typeUrl, key: hex(PubKey.decode(signer.publicKey.value).key) },
      sequence: signer.sequence.toString(),
      mode: signer.modeInfo?.single?.mode ?? null,
    })),
    fee: auth.fee === undefined ? null : { amount: plain(auth.fee.amount), gas: auth.fee.gasLimit.toString(), payer: auth.fee.payer, granter: auth.fee.granter },
  });

  // fee: {amount: [{denom, amount}], gas}; messages: [{type_url, value}] with values in camelCase.
  const direct = (args) => {
    const messages = args.messages.map(({ type_url, value }) => ({ typeUrl: type_url, value }));
    const body = registry.encodeTxBody({ messages, memo: args.memo ?? "", timeoutHeight: BigInt(args.timeout_height ?? 0) });
    const auth = makeAuthInfoBytes(
      [{ pubkey: encodePubkey(pubkey(args.public_key)), sequence: BigInt(args.sequence) }],
      args.fee.amount, Number(args.fee.gas), args.fee.granter, args.fee.payer,
    );
    return makeSignDoc(body, auth, args.chain_id, Number(args.account_number));
  };
  const docJson = (doc) => ({ bytes: hex(makeSignBytes(doc)), body: hex(doc.bodyBytes), auth_info: hex(doc.authInfoBytes) });

  return {
    // {text} says what an address is, {text, prefix} puts it under another prefix, {public_key, prefix} makes one.
    address: ({ text, prefix, public_key }) => {
      if (public_key !== undefined) {
        const data = amino.rawSecp256k1PubkeyToRawAddress(bytes(public_key));
        return { prefix, hex: hex(data), address: toBech32(prefix, data) };
      }
      const decoded = fromBech32(text);
      const under = prefix ?? decoded.prefix;
      return { prefix: decoded.prefix, hex: hex(decoded.data), address: toBech32(under, decoded.data) };
    },
    address_encode: ({ prefix, hex: data }) => ({ address: toBech32(prefix, bytes(data)) }),
    public_key: async ({ key, prefix }) => {
      const [account] = await (await DirectSecp256k1Wallet.fromKey(bytes(key), prefix ?? "cosmos")).getAccounts();
      return { public_key: hex(account.pubkey), address: account.address };
    },
    sign_doc_direct: (args) => docJson(direct(args)),
    // `msgs` in amino's own shape, or `messages` as for sign_doc_direct, which cosmjs converts.
    sign_doc_amino: (args) => {
      const types = new AminoTypes(createDefaultAminoConverters());
      // The converters read every field, so absent ones take protobuf's defaults first.
      const whole = ({ type_url, value }) => ({ typeUrl: type_url, value: registry.lookupType(type_url).fromPartial(value) });
      const msgs = args.msgs ?? args.messages.map((one) => types.toAmino(whole(one)));
      const height = args.timeout_height === undefined ? undefined : BigInt(args.timeout_height);
      const doc = amino.makeSignDoc(msgs, args.fee, args.chain_id, args.memo ?? "", args.account_number, args.sequence, height);
      const serialized = amino.serializeSignDoc(doc);
      return { bytes: hex(serialized), text: Buffer.from(serialized).toString("utf8"), doc };
    },
    // As sign_doc_direct with a raw `key` in place of the public key; the signed transaction too.
    sign_direct: async ({ key, prefix, ...args }) => {
      const wallet = await DirectSecp256k1Wallet.fromKey(bytes(key), prefix ?? "cosmos");
      const [account] = await wallet.getAccounts();
      const doc = direct({ ...args, public_key: hex(account.pubkey) });
      const { signature } = await wallet.signDirect(account.address, doc);
      const signed = Buffer.from(signature.signature, "base64");
      const raw = TxRaw.encode({ bodyBytes: doc.bodyBytes, authInfoBytes: doc.authInfoBytes, signatures: [signed] }).finish();
      return { ...docJson(doc), address: account.address, public_key: hex(account.pubkey), signature: hex(signed), tx_raw: hex(raw), txid: txid(raw) };
    },
    verify: async ({ bytes: signed, signature, public_key }) => ({
      valid: await Secp256k1.verifySignature(Secp256k1Signature.fromFixedLength(bytes(signature)), sha256(bytes(signed)), bytes(public_key)),
    }),
    decode_tx_raw: ({ hex: raw }) => {
      const { body, authInfo, signatures } = decodeTxRaw(bytes(raw));
      return { ...bodyJson(body), ...authJson(authInfo), signatures: signatures.map(hex), txid: txid(bytes(raw)) };
    },
    decode_sign_doc: ({ hex: raw }) => {
      const doc = SignDoc.decode(bytes(raw));
      return { ...bodyJson(TxBody.decode(doc.bodyBytes)), ...authJson(AuthInfo.decode(doc.authInfoBytes)), chain_id: doc.chainId, account_number: doc.accountNumber.toString() };
    },
    txid: ({ hex: raw }) => ({ txid: txid(bytes(raw)) }),
  };
}
