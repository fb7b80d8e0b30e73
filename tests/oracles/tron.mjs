// Tron, by TronWeb.
export default function (require) {
  const { TronWeb, utils } = require("tronweb");
  const lower = (text) => text.replace(/^0x/, "").toLowerCase();
  return {
    address: ({ text }) => {
      const valid = TronWeb.isAddress(text);
      const hex = valid ? lower(TronWeb.address.toHex(text)) : null;
      return { valid, hex, address: valid ? TronWeb.address.fromHex(hex) : null };
    },
    address_encode: ({ hex }) => ({ address: TronWeb.address.fromHex(hex) }),
    key: ({ key }) => {
      const address = TronWeb.address.fromPrivateKey(key);
      // Its EVM half, in the case of EIP-55.
      const digest = `0x${"11".repeat(32)}`;
      const evm = utils.ethersUtils.recoverAddress(digest, new utils.ethersUtils.SigningKey(`0x${key}`).sign(digest));
      return { address, hex: lower(TronWeb.address.toHex(address)), evm };
    },
    transfer: ({ from, to, amount, ...header }) => {
      const value = { owner_address: from, to_address: to, amount: Number(amount) };
      const transaction = {
        visible: false,
        raw_data: {
          contract: [{ parameter: { value, type_url: "type.googleapis.com/protocol.TransferContract" }, type: "TransferContract" }],
          ...header,
        },
      };
      const message = utils.transaction.txJsonToPb(transaction);
      return { txid: lower(utils.transaction.txPbToTxID(message)), raw_data: lower(utils.transaction.txPbToRawDataHex(message)) };
    },
  };
}
