// The row shapes of toncenter's v3 API around real cells: hashes base64, addresses raw in upper case, amounts and logical times text.
export default function (require) {
  const { Address, Dictionary, beginCell, storeMessage } = require("@ton/core");

  const base64 = (buffer) => buffer.toString("base64");
  const raw = (address) => (address ? `${address.workChain}:${address.hash.toString("hex").toUpperCase()}` : null);
  const text = (number) => (number === undefined || number === null ? null : number.toString());
  const hashOf = (number) => base64(Buffer.from(BigInt(number).toString(16).padStart(64, "0"), "hex"));

  function opcode(body) {
    const slice = body.beginParse();
    return slice.remainingBits < 32 ? null : `0x${slice.loadUint(32).toString(16).padStart(8, "0")}`;
  }
  // null: the body is no text comment. An empty text is one.
  function comment(body) {
    const slice = body.beginParse();
    if (slice.remainingBits < 32 || slice.loadUint(32) !== 0) return null;
    return slice.loadStringTail();
  }

  // `cell` is the message as it stands in the transaction; written again it might be laid out otherwise and hash otherwise.
  function message({ info, body, init }, cell) {
    const internal = info.type === "internal";
    const said = comment(body);
    return {
      hash: base64(cell.hash()),
      source: info.src instanceof Address ? raw(info.src) : null,
      destination: info.dest instanceof Address ? raw(info.dest) : null,
      value: internal ? text(info.value.coins) : null,
      value_extra_currencies: internal ? {} : null,
      fwd_fee: internal ? text(info.forwardFee) : null,
      ihr_fee: internal ? text(info.ihrFee) : null,
      created_lt: text(info.createdLt),
      created_at: text(info.createdAt),
      opcode: opcode(body),
      ihr_disabled: internal ? info.ihrDisabled : null,
      bounce: internal ? info.bounce : null,
      bounced: internal ? info.bounced : null,
      import_fee: info.type === "external-in" ? text(info.importFee) : null,
      message_content: {
        hash: base64(body.hash()),
        body: base64(body.toBoc()),
        decoded: said === null ? null : { type: "text_comment", comment: said },
      },
      init_state: init?.code ? { hash: base64(init.code.hash()) } : null,
    };
  }

  const STATUS = { "non-existing": "nonexist", uninitialized: "uninit", active: "active", frozen: "frozen" };
  const REASON = { "no-state": "no_state", "bad-state": "bad_state", "no-gas": "no_gas", suspended: "suspended" };
  const BOUNCE = { ok: "ok", "no-funds": "nofunds", "negative-funds": "negfunds" };
  const CHANGE = { unchanged: "unchanged", frozen: "frozen", deleted: "deleted" };

  function compute(phase) {
    if (phase.type === "skipped") return { skipped: true, reason: REASON[phase.reason] };
    return {
      skipped: false,
      success: phase.success,
      msg_state_used: phase.messageStateUsed,
      account_activated: phase.accountActivated,
      gas_fees: text(phase.gasFees),
      gas_used: text(phase.gasUsed),
      gas_limit: text(phase.gasLimit),
      mode: phase.mode,
      exit_code: phase.exitCode,
      vm_steps: phase.vmSteps,
    };
  }
  function description(what) {
    if (what.type !== "generic") throw new Error(`a ${what.type} transaction has no row here`);
    const { storagePhase: storage, creditPhase: credit, actionPhase: action, bouncePhase: bounce } = what;
    return {
      type: "ord",
      aborted: what.aborted,
      destroyed: what.destroyed,
      credit_first: what.creditFirst,
      ...(storage && { storage_ph: { storage_fees_collected: text(storage.storageFeesCollected), status_change: CHANGE[storage.statusChange] } }),
      ...(credit && { credit_ph: { credit: text(credit.credit.coins) } }),
      compute_ph: compute(what.computePhase),
      ...(action && {
        action: {
          success: action.success,
          valid: action.valid,
          no_funds: action.noFunds,
          status_change: CHANGE[action.statusChange],
          result_code: action.resultCode,
          tot_actions: action.totalActions,
          spec_actions: action.specActions,
          skipped_actions: action.skippedActions,
          msgs_created: action.messagesCreated,
          action_list_hash: hashOf(action.actionListHash),
        },
      }),
      ...(bounce && { bounce: { type: BOUNCE[bounce.type] } }),
    };
  }

  // The transaction's first reference: Maybe ^Message, then a dictionary of 15-bit keys to ^Message.
  function messageCells(cell) {
    const slice = cell.refs[0].beginParse();
    const incoming = slice.loadBit() ? slice.loadRef() : null;
    return { incoming, outgoing: slice.loadDict(Dictionary.Keys.Uint(15), Dictionary.Values.Cell()) };
  }

  // `place`: workchain, masterchain seqno and trace id, which stand outside the transaction itself; null where unknown.
  function transaction(tx, place) {
    const cells = messageCells(tx.raw);
    const state = (hash) => ({
      hash: base64(hash), balance: null, extra_currencies: null, account_status: null, frozen_hash: null, data_hash: null, code_hash: null,
    });
    return {
      account: place.workchain === null ? tx.address.toString(16).padStart(64, "0").toUpperCase() : `${place.workchain}:${tx.address.toString(16).padStart(64, "0").toUpperCase()}`,
      hash: base64(tx.raw.hash()),
      lt: text(tx.lt),
      now: tx.now,
      mc_block_seqno: place.block,
      trace_id: place.trace,
      prev_trans_hash: hashOf(tx.prevTransactionHash),
      prev_trans_lt: text(tx.prevTransactionLt),
      orig_status: STATUS[tx.oldStatus],
      end_status: STATUS[tx.endStatus],
      total_fees: text(tx.totalFees.coins),
      total_fees_extra_currencies: {},
      description: description(tx.description),
      block_ref: place.block === null ? null : { workchain: place.workchain, shard: "8000000000000000", seqno: place.block },
      in_msg: cells.incoming === null ? null : message(tx.inMessage, cells.incoming),
      out_msgs: tx.outMessages.keys().map((key) => message(tx.outMessages.get(key), cells.outgoing.get(key))),
      account_state_before: state(tx.stateUpdate.oldHash),
      account_state_after: state(tx.stateUpdate.newHash),
      emulated: false,
    };
  }
  // A message that is not in a transaction yet.
  const externalBoc = (one) => beginCell().store(storeMessage(one)).endCell();

  return { base64, raw, opcode, comment, transaction, externalBoc };
}
