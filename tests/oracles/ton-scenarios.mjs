// What happens to a deposit, played on the virtual machine: wallets v4, the reference jetton, real signatures, gas and bounces.
//
// Keys, times and block numbers are fixed, so that a scenario gives the same transactions every time. A step is one masterchain
// block. The sandbox has no masterchain: the block numbers are ours, everything inside a transaction is the machine's.
export default function (require, frame) {
  const { Address, Cell, beginCell, comment, external, internal, storeStateInit, toNano, SendMode } = require("@ton/core");
  const { WalletContractV4, JettonMaster, JettonWallet } = require("@ton/ton");
  const { keyPairFromSeed } = require("@ton/crypto");
  const { Blockchain } = require("@ton/sandbox");
  const { jettonMinterCode } = require("@ton-community/assets-sdk/dist/jetton/contracts/build/jetton-minter.js");
  const { jettonWalletCode } = require("@ton-community/assets-sdk/dist/jetton/contracts/build/jetton-wallet.js");

  const FIRST_SECOND = 1_750_000_000;
  const FIRST_BLOCK = 50_000_000;
  const TRANSFER = 0x0f8a7ea5;
  const INTERNAL_TRANSFER = 0x178d4519;
  const NOTIFICATION = 0x7362d09c;
  const ENCRYPTED = 0x2167da4b;
  const NOWHERE = new Address(0, Buffer.alloc(32, 0x11));

  class World {
    static async create() {
      const world = new World();
      world.chain = await Blockchain.create();
      world.block = FIRST_BLOCK;
      world.chain.now = FIRST_SECOND;
      world.rows = [];
      world.masters = [];
      world.stranger = await world.wallet(9);
      await world.fund(world.stranger, "1000");
      await world.activate(world.stranger);
      world.ours = await world.wallet(7);
      return world;
    }

    async wallet(seed) {
      const keys = keyPairFromSeed(Buffer.alloc(32, seed));
      const contract = WalletContractV4.create({ workchain: 0, publicKey: keys.publicKey });
      return { keys, contract, address: contract.address, opened: this.chain.openContract(contract), active: false };
    }
    async fund(wallet, ton) {
      this.faucet ??= await this.chain.treasury("faucet");
      await this.faucet.send({ to: wallet.address, value: toNano(ton), bounce: false });
    }
    // A wallet's code comes with its first message of its own.
    async activate(wallet) {
      await this.apply(await this.signed(wallet, [internal({ to: wallet.address, value: 1n, bounce: false })]));
      wallet.active = true;
    }
    async signed(wallet, messages) {
      const seqno = wallet.active ? await wallet.opened.getSeqno() : 0;
      const body = wallet.contract.createTransfer({
        seqno, secretKey: wallet.keys.secretKey, messages,
        sendMode: SendMode.PAY_GAS_SEPARATELY + SendMode.IGNORE_ERRORS,
        timeout: this.chain.now + 60,
      });
      const message = external({ to: wallet.address, body, init: wallet.active ? undefined : wallet.contract.init });
      return frame.externalBoc(message);
    }
    // From the message's own bytes, as a node takes it.
    async apply(cell) {
      return await this.chain.sendMessage(Cell.fromBoc(cell.toBoc())[0]);
    }

    // One block of the scenario: these messages out of one wallet, and all that follows from them.
    async step(wallet, messages) {
      this.block += 1;
      this.chain.now += 5;
      const { transactions } = await this.apply(await this.signed(wallet, messages));
      const place = { workchain: 0, block: this.block, trace: frame.base64(transactions[0].raw.hash()) };
      for (const tx of transactions) {
        this.rows.push({ boc: frame.base64(tx.raw.toBoc()), hash: tx.raw.hash().toString("hex"), framed: frame.transaction(tx, place) });
      }
    }

    async jetton(uri) {
      const content = beginCell().storeUint(1, 8).storeStringTail(uri).endCell();
      const walletCode = Cell.fromBase64(jettonWalletCode.codeBoc);
      const data = beginCell().storeCoins(0).storeAddress(this.stranger.address).storeRef(content).storeRef(walletCode).endCell();
      const init = { code: Cell.fromBase64(jettonMinterCode.codeBoc), data };
      const address = new Address(0, beginCell().store(storeStateInit(init)).endCell().hash());
      await this.apply(await this.signed(this.stranger, [internal({ to: address, value: toNano("0.1"), init })]));
      const master = { address, opened: this.chain.openContract(JettonMaster.create(address)) };
      // mint: op 21, query, receiver, TON for the way, then the internal_transfer to the receiver's wallet.
      const credit = beginCell().storeUint(INTERNAL_TRANSFER, 32).storeUint(0, 64).storeCoins(1_000_000_000n)
        .storeAddress(null).storeAddress(this.stranger.address).storeCoins(0).storeBit(false).endCell();
      const mint = beginCell().storeUint(21, 32).storeUint(0, 64).storeAddress(this.stranger.address).storeCoins(toNano("0.1"))
        .storeCoins(1_000_000_000n).storeRef(credit).endCell();
      await this.apply(await this.signed(this.stranger, [internal({ to: address, value: toNano("0.3"), body: mint })]));
      if ((await this.balanceOf(master, this.stranger.address)) !== 1_000_000_000n) throw new Error("the mint did not arrive");
      this.masters.push(master);
      return master;
    }
    walletOf(master, owner) {
      return master.opened.getWalletAddress(owner);
    }
    async balanceOf(master, owner) {
      const address = await this.walletOf(master, owner);
      return await this.chain.openContract(JettonWallet.create(address)).getBalance();
    }

    // The transfer that a stranger's wallet asks of its jetton wallet.
    async jettonTransfer(master, { amount, forward, payload, custom }) {
      const body = beginCell().storeUint(TRANSFER, 32).storeUint(7, 64).storeCoins(amount).storeAddress(this.ours.address)
        .storeAddress(this.stranger.address).storeMaybeRef(custom).storeCoins(forward);
      if (payload) body.storeBit(true).storeRef(payload);
      else body.storeBit(false);
      return internal({ to: await this.walletOf(master, this.stranger.address), value: toNano("0.2"), body: body.endCell() });
    }

    async look() {
      const jettons = {};
      for (const master of this.masters) jettons[frame.raw(master.address)] = (await this.balanceOf(master, this.ours.address)).toString();
      return { ton: (await this.chain.getContract(this.ours.address)).balance.toString(), jettons };
    }
    async jettonRows() {
      const rows = [];
      for (const { owner, master } of this.masters.flatMap((one) => [this.ours.address, this.stranger.address].map((owner) => ({ owner, master: one })))) {
        const address = await this.walletOf(master, owner);
        const contract = await this.chain.getContract(address);
        if (contract.accountState?.type !== "active") continue;
        rows.push({
          address: frame.raw(address), balance: (await this.balanceOf(master, owner)).toString(), owner: frame.raw(owner),
          jetton: frame.raw(master.address), last_transaction_lt: contract.lastTransactionLt.toString(),
          code_hash: frame.base64(contract.accountState.state.code.hash()), data_hash: frame.base64(contract.accountState.state.data.hash()),
        });
      }
      return rows;
    }
    async walletAddresses() {
      const pairs = this.masters.flatMap((master) => [this.ours, this.stranger].map((owner) => [master, owner.address]));
      return await Promise.all(pairs.map(async ([master, owner]) => ({
        master: frame.raw(master.address), owner: frame.raw(owner), wallet: frame.raw(await this.walletOf(master, owner)),
      })));
    }
  }

  const toOurs = (world, value, rest) => internal({ to: world.ours.address, value: toNano(value), ...rest });
  const activeOurs = async (world) => {
    await world.fund(world.ours, "5");
    await world.activate(world.ours);
  };
  const jettonDeposit = (how) => async (world) => {
    await activeOurs(world);
    const master = await world.jetton("https://jetton.example/usdt.json");
    return async () => world.step(world.stranger, [await world.jettonTransfer(master, how)]);
  };

  // Each prepares what was there before, and answers the steps that are recorded.
  const SCENARIOS = {
    deposit_comment: async (world) => {
      await activeOurs(world);
      return () => world.step(world.stranger, [toOurs(world, "1.5", { bounce: true, body: comment("103556") })]);
    },
    deposit_no_comment: async (world) => {
      await activeOurs(world);
      return () => world.step(world.stranger, [toOurs(world, "1.5", { bounce: true })]);
    },
    // Text longer than a cell: a snake of two.
    deposit_long_comment: async (world) => {
      await activeOurs(world);
      return () => world.step(world.stranger, [toOurs(world, "1.5", { bounce: true, body: comment(`memo 103556 ${"ж".repeat(150)}`) })]);
    },
    // Non-bounceable to an address without code: aborted, and the value stays.
    deposit_uninit: async (world) => () => world.step(world.stranger, [toOurs(world, "0.7", { bounce: false, body: comment("103556") })]),
    // Bounceable to the same: it goes back to the stranger.
    bounced: async (world) => () => world.step(world.stranger, [toOurs(world, "0.7", { bounce: true, body: comment("103556") })]),
    // Bounceable with less than a bounce costs: nothing can go back, and the value stays.
    bounce_no_funds: async (world) => {
      await world.fund(world.ours, "1");
      return () => world.step(world.stranger, [internal({ to: world.ours.address, value: 1000n, bounce: true, body: comment("103556") })]);
    },
    // Our own payment comes back.
    own_bounce_back: async (world) => {
      await activeOurs(world);
      return () => world.step(world.ours, [internal({ to: NOWHERE, value: toNano("0.5"), bounce: true, body: comment("103556") })]);
    },
    two_deposits_one_block: async (world) => {
      await activeOurs(world);
      return () => world.step(world.stranger, ["1", "2"].map((value) => toOurs(world, value, { bounce: true, body: comment("103556") })));
    },
    // The shape of an encrypted comment; nobody here reads it, so its bytes need no key.
    encrypted_comment: async (world) => {
      await activeOurs(world);
      const body = beginCell().storeUint(ENCRYPTED, 32).storeBuffer(Buffer.alloc(80, 0xa5)).endCell();
      return () => world.step(world.stranger, [toOurs(world, "1.5", { bounce: true, body })]);
    },
    binary_body: async (world) => {
      await activeOurs(world);
      const body = beginCell().storeUint(0x5fcc3d14, 32).storeUint(1, 64).endCell();
      return () => world.step(world.stranger, [toOurs(world, "1.5", { bounce: false, body })]);
    },
    jetton_with_notification: jettonDeposit({ amount: 1_234_567n, forward: toNano("0.01"), payload: comment("103556") }),
    jetton_no_forward: jettonDeposit({ amount: 1_234_567n, forward: 0n, payload: comment("103556") }),
    // One nanoton is no gas: the notification is aborted, the jettons are there.
    jetton_notification_aborted: jettonDeposit({ amount: 1_234_567n, forward: 1n, payload: comment("103556") }),
    jetton_no_payload: jettonDeposit({ amount: 1_234_567n, forward: toNano("0.01"), payload: null }),
    jetton_custom_payload: jettonDeposit({ amount: 1_234_567n, forward: toNano("0.01"), payload: null, custom: comment("103556") }),
    // More than the stranger has: refused by the stranger's own jetton wallet.
    jetton_too_much: jettonDeposit({ amount: 2_000_000_000n, forward: toNano("0.01"), payload: comment("103556") }),
    // A notification in the right words from the stranger's wallet: no jetton moved.
    fake_jetton: async (world) => {
      await activeOurs(world);
      await world.jetton("https://jetton.example/usdt.json");
      const body = beginCell().storeUint(NOTIFICATION, 32).storeUint(7, 64).storeCoins(1_234_567n).storeAddress(world.stranger.address)
        .storeBit(true).storeRef(comment("103556")).endCell();
      return () => world.step(world.stranger, [toOurs(world, "0.02", { bounce: true, body })]);
    },
    // An internal_transfer in the right words, sent by hand to our true jetton wallet: it refuses, since it was not minted.
    jetton_forged_internal_transfer: async (world) => {
      await activeOurs(world);
      const master = await world.jetton("https://jetton.example/usdt.json");
      await world.apply(await world.signed(world.stranger, [await world.jettonTransfer(master, { amount: 5n, forward: 0n })]));
      const body = beginCell().storeUint(INTERNAL_TRANSFER, 32).storeUint(7, 64).storeCoins(1_234_567n).storeAddress(world.stranger.address)
        .storeAddress(world.stranger.address).storeCoins(0).storeBit(true).storeRef(comment("103556")).endCell();
      return async () => world.step(world.stranger, [internal({ to: await world.walletOf(master, world.ours.address), value: toNano("0.1"), body })]);
    },
    // A true jetton of another master that says it is the same: the movement is real, the asset is not the listed one.
    jetton_other_master: async (world) => {
      await activeOurs(world);
      await world.jetton("https://jetton.example/usdt.json");
      const other = await world.jetton("https://jetton.example/usdt.json?");
      return async () => world.step(world.stranger, [await world.jettonTransfer(other, { amount: 1_234_567n, forward: toNano("0.01"), payload: comment("103556") })]);
    },
  };

  async function run(scenario) {
    if (!Object.hasOwn(SCENARIOS, scenario)) throw new Error(`no scenario '${scenario}': ${Object.keys(SCENARIOS).join(", ")}`);
    const world = await World.create();
    const play = await SCENARIOS[scenario](world);
    const before = await world.look();
    await play();
    const after = await world.look();
    return {
      scenario,
      ours: frame.raw(world.ours.address),
      stranger: frame.raw(world.stranger.address),
      // By logical time, which is the order on the network.
      transactions: world.rows.sort((a, b) => (BigInt(a.framed.lt) < BigInt(b.framed.lt) ? -1 : 1)),
      masters: world.masters.map((master) => frame.raw(master.address)),
      jetton_wallets: await world.jettonRows(),
      get_wallet_address: await world.walletAddresses(),
      // What the machine says of our account before and after: nanotons, and jettons by master.
      before,
      after,
      block: world.block,
    };
  }
  return { names: Object.keys(SCENARIOS), run };
}
