// Stellar, by its official SDK. Amounts are integers in stroops, as decimal text; ids and times too.
export default function (require) {
  const stellar = require("@stellar/stellar-sdk");
  const { StrKey, Memo, Operation, Asset, Keypair } = stellar;
  const hex = (bytes) => Buffer.from(bytes).toString("hex");
  const network = (args) => args.passphrase ?? stellar.Networks.PUBLIC;

  const KINDS = {
    G: ["Ed25519PublicKey", "Ed25519PublicKey"],
    S: ["Ed25519SecretSeed", "Ed25519SecretSeed"],
    M: ["Med25519PublicKey", "Med25519PublicKey"],
    T: ["PreAuthTx", null],
    X: ["Sha256Hash", null],
    P: ["SignedPayload", "SignedPayload"],
    C: ["Contract", "Contract"],
    B: ["ClaimableBalance", "ClaimableBalance"],
    L: ["LiquidityPool", "LiquidityPool"],
  };
  const kind = (letter) => {
    if (!Object.hasOwn(KINDS, letter)) throw new Error(`no strkey kind '${letter}'`);
    return KINDS[letter];
  };

  // 7 decimals, exactly: the SDK takes amounts as decimal text.
  const units = (stroops) => {
    const digits = BigInt(stroops).toString().padStart(8, "0");
    return `${digits.slice(0, -7)}.${digits.slice(-7)}`;
  };
  const stroops = (text) => {
    const [whole, part = ""] = text.split(".");
    return BigInt(whole + part.padEnd(7, "0")).toString();
  };
  const asset = (text) => (text === "native" ? Asset.native() : new Asset(...text.split(":")));
  const assetText = (value) => (value.isNative() ? "native" : `${value.getCode()}:${value.getIssuer()}`);

  const MEMOS = {
    none: () => Memo.none(),
    text: (value) => Memo.text(value),
    // A text memo is bytes; this form is for those that are no UTF-8.
    text_hex: (value) => Memo.text(Buffer.from(value, "hex")),
    id: (value) => Memo.id(value),
    hash: (value) => Memo.hash(Buffer.from(value, "hex")),
    return: (value) => Memo.return(Buffer.from(value, "hex")),
  };
  const memoText = ({ type, value }) => {
    if (type === "none") return { type, value: null };
    if (type === "id") return { type, value: String(value) };
    if (type === "text") return { type, value: Buffer.from(value).toString("utf8"), hex: hex(Buffer.from(value)) };
    return { type, value: hex(value) };
  };

  const OPERATIONS = {
    payment: (op) => Operation.payment({ destination: op.destination, asset: asset(op.asset), amount: units(op.amount), source: op.source }),
    create_account: (op) => Operation.createAccount({ destination: op.destination, startingBalance: units(op.amount), source: op.source }),
    path_payment_strict_send: (op) =>
      Operation.pathPaymentStrictSend({
        sendAsset: asset(op.send_asset), sendAmount: units(op.send_amount), destination: op.destination,
        destAsset: asset(op.asset), destMin: units(op.amount), path: (op.path ?? []).map(asset), source: op.source,
      }),
    path_payment_strict_receive: (op) =>
      Operation.pathPaymentStrictReceive({
        sendAsset: asset(op.send_asset), sendMax: units(op.send_amount), destination: op.destination,
        destAsset: asset(op.asset), destAmount: units(op.amount), path: (op.path ?? []).map(asset), source: op.source,
      }),
    account_merge: (op) => Operation.accountMerge({ destination: op.destination, source: op.source }),
    change_trust: (op) => Operation.changeTrust({ asset: asset(op.asset), limit: op.limit === undefined ? undefined : units(op.limit), source: op.source }),
    create_claimable_balance: (op) =>
      Operation.createClaimableBalance({
        asset: asset(op.asset), amount: units(op.amount), source: op.source,
        claimants: op.claimants.map((claimant) => new stellar.Claimant(claimant)),
      }),
    claim_claimable_balance: (op) => Operation.claimClaimableBalance({ balanceId: op.balance_id, source: op.source }),
    bump_sequence: (op) => Operation.bumpSequence({ bumpTo: op.bump_to, source: op.source }),
  };
  const operation = (op) => {
    if (!Object.hasOwn(OPERATIONS, op.type)) throw new Error(`no operation type '${op.type}': ${Object.keys(OPERATIONS).join(", ")}`);
    return OPERATIONS[op.type](op);
  };
  const operationJson = (op) => {
    const out = { type: op.type, source: op.source ?? null };
    for (const [key, value] of Object.entries(op)) {
      if (key === "type" || key === "source") continue;
      if (value instanceof Asset) out[key] = assetText(value);
      else if (Array.isArray(value)) out[key] = value.map((item) => (item instanceof Asset ? assetText(item) : String(item.destination ?? item)));
      else if (/amount|balance$|^destMin$|^sendMax$|^limit$/i.test(key) && /^-?\d+(\.\d+)?$/.test(value)) out[key] = stroops(value);
      else out[key] = value instanceof Uint8Array ? hex(value) : value;
    }
    return out;
  };

  const signatureOf = (decorated) => decorated.signature.value;
  const parse = (args) => stellar.TransactionBuilder.fromXDR(args.xdr, network(args));
  const base = (tx) => hex(tx.signatureBase());
  return {
    // What a strkey says. `kind` is its letter; `valid` is false for anything else, and never an error.
    strkey: ({ text }) => {
      const letter = text.slice(0, 1);
      if (!Object.hasOwn(KINDS, letter)) return { kind: null, valid: false, hex: null };
      const [name, checked] = kind(letter);
      try {
        const bytes = StrKey[`decode${name}`](text);
        return { kind: letter, valid: checked === null || StrKey[`isValid${checked}`](text), hex: hex(bytes) };
      } catch {
        return { kind: letter, valid: false, hex: null };
      }
    },
    strkey_encode: (args) => ({ text: StrKey[`encode${kind(args.kind)[0]}`](Buffer.from(args.hex, "hex")) }),
    // {address, id} → {muxed}, or {muxed} → {address, id}.
    muxed: ({ address, id, muxed }) => {
      if (muxed === undefined) return { muxed: new stellar.MuxedAccount(new stellar.Account(address, "0"), id).accountId() };
      const account = stellar.MuxedAccount.fromAddress(muxed, "0");
      return { address: account.baseAccount().accountId(), id: account.id() };
    },
    keypair: ({ seed }) => {
      const pair = Keypair.fromRawEd25519Seed(Buffer.from(seed, "hex"));
      return { public_key: pair.publicKey(), secret: pair.secret() };
    },
    // `sequence` is the transaction's own; `fee` is of the whole transaction, in stroops.
    build: (args) => {
      const before = (BigInt(args.sequence) - 1n).toString();
      const account = args.source.startsWith("M") ? stellar.MuxedAccount.fromAddress(args.source, before) : new stellar.Account(args.source, before);
      const each = BigInt(args.fee) / BigInt(Math.max(args.operations.length, 1));
      if (each * BigInt(args.operations.length) !== BigInt(args.fee)) throw new Error("the SDK takes a fee per operation: the fee must divide by their number");
      const builder = new stellar.TransactionBuilder(account, { fee: each.toString(), networkPassphrase: network(args) });
      for (const op of args.operations) builder.addOperation(operation(op));
      const { type, value } = args.memo ?? { type: "none" };
      if (!Object.hasOwn(MEMOS, type)) throw new Error(`no memo type '${type}'`);
      builder.addMemo(MEMOS[type](value));
      if (args.time_bounds === undefined) builder.setTimeout(stellar.TimeoutInfinite);
      else builder.setTimebounds(Number(args.time_bounds.min), Number(args.time_bounds.max));
      const tx = builder.build();
      return { xdr: tx.toXDR(), hash: hex(tx.hash()), signature_base: base(tx) };
    },
    decode: (args) => {
      const tx = parse(args);
      if (tx instanceof stellar.FeeBumpTransaction) {
        return { fee_bump: { fee_source: tx.feeSource, fee: tx.fee, inner_hash: hex(tx.innerTransaction.hash()) }, hash: hex(tx.hash()) };
      }
      return {
        source: tx.source,
        fee: tx.fee,
        sequence: tx.sequence,
        time_bounds: tx.timeBounds ? { min: tx.timeBounds.minTime, max: tx.timeBounds.maxTime } : null,
        memo: memoText(tx.memo),
        operations: tx.operations.map(operationJson),
        signatures: tx.signatures.map((one) => hex(signatureOf(one))),
        hash: hex(tx.hash()),
      };
    },
    hash: (args) => {
      const tx = parse(args);
      return { hash: hex(tx.hash()), signature_base: base(tx) };
    },
    // Signs with a raw seed of 32 bytes in hex.
    sign: (args) => {
      const tx = parse(args);
      const pair = Keypair.fromRawEd25519Seed(Buffer.from(args.seed, "hex"));
      tx.sign(pair);
      return { xdr: tx.toXDR(), public_key: pair.publicKey(), signature: hex(signatureOf(tx.signatures.at(-1))) };
    },
    verify: (args) => {
      const tx = parse(args);
      return { valid: tx.signatures.some((one) => Keypair.fromPublicKey(args.public_key).verify(tx.hash(), signatureOf(one))) };
    },
  };
}
