// TON: addresses, comments and transactions by @ton/core, and real transactions out of the virtual machine of @ton/sandbox.
import frames from "./ton-frames.mjs";
import scenarios from "./ton-scenarios.mjs";

export default function (require) {
  const { Address, Cell, comment, loadTransaction } = require("@ton/core");
  const frame = frames(require);
  const sandbox = scenarios(require, frame);

  const forms = (address) => {
    const friendly = (bounceable, urlSafe, testOnly) => address.toString({ bounceable, urlSafe, testOnly });
    return {
      raw: frame.raw(address),
      bounceable: friendly(true, true, false),
      non_bounceable: friendly(false, true, false),
      bounceable_base64: friendly(true, false, false),
      non_bounceable_base64: friendly(false, false, false),
      test_bounceable: friendly(true, true, true),
      test_non_bounceable: friendly(false, true, true),
    };
  };
  return {
    // Never an error: what is no address is `valid: false`.
    address: ({ text }) => {
      try {
        if (Address.isFriendly(text)) {
          const { address, isBounceable, isTestOnly } = Address.parseFriendly(text);
          return { valid: true, bounceable: isBounceable, test_only: isTestOnly, forms: forms(address) };
        }
        return { valid: true, bounceable: null, test_only: null, forms: forms(Address.parseRaw(text)) };
      } catch {
        return { valid: false, bounceable: null, test_only: null, forms: null };
      }
    },
    address_encode: ({ workchain, hash }) => forms(new Address(workchain, Buffer.from(hash, "hex"))),
    comment_boc: ({ text }) => {
      const cell = comment(text);
      return { boc: cell.toBoc().toString("base64"), hash: cell.hash().toString("hex") };
    },
    body: ({ boc }) => {
      const cell = Cell.fromBase64(boc);
      return { hash: cell.hash().toString("hex"), opcode: frame.opcode(cell), comment: frame.comment(cell) };
    },
    decode_transaction: ({ boc }) => {
      const tx = loadTransaction(Cell.fromBase64(boc).beginParse());
      return frame.transaction(tx, { workchain: null, block: null, trace: null });
    },
    scenarios: () => sandbox.names,
    sandbox: ({ scenario }) => sandbox.run(scenario),
  };
}
