// Solana, by web3.js and the token program's own library.
export default function (require) {
  const web3 = require("@solana/web3.js");
  const token = require("@solana/spl-token");
  // The coder that web3.js itself prints with.
  const bs58 = require("bs58").default ?? require("bs58");
  const hex = (bytes) => Buffer.from(bytes).toString("hex");
  const key = (text) => new web3.PublicKey(text);
  const PROGRAMS = { token: token.TOKEN_PROGRAM_ID, token_2022: token.TOKEN_2022_PROGRAM_ID };
  return {
    address: ({ text }) => {
      try {
        const bytes = key(text).toBytes();
        return { valid: true, hex: hex(bytes), on_curve: web3.PublicKey.isOnCurve(bytes) };
      } catch {
        return { valid: false, hex: null, on_curve: null };
      }
    },
    address_encode: ({ hex: text }) => {
      const bytes = Buffer.from(text, "hex");
      return { address: key(bytes).toBase58(), on_curve: web3.PublicKey.isOnCurve(bytes) };
    },
    key: ({ seed }) => {
      const pair = web3.Keypair.fromSeed(Buffer.from(seed, "hex"));
      return { address: pair.publicKey.toBase58(), secret: bs58.encode(pair.secretKey) };
    },
    transfer: ({ seed, to, lamports, blockhash }) => {
      const pair = web3.Keypair.fromSeed(Buffer.from(seed, "hex"));
      const transaction = new web3.Transaction({ feePayer: pair.publicKey, recentBlockhash: blockhash });
      transaction.add(web3.SystemProgram.transfer({ fromPubkey: pair.publicKey, toPubkey: key(to), lamports: BigInt(lamports) }));
      transaction.sign(pair);
      return { signature: bs58.encode(transaction.signature), hex: hex(transaction.signature) };
    },
    associated_account: ({ owner, mint, program }) => ({
      // The owner may be a program's account, as that of an exchange's smart wallet is.
      address: token.getAssociatedTokenAddressSync(key(mint), key(owner), true, PROGRAMS[program]).toBase58(),
    }),
    program_address: ({ seeds, program }) => {
      const [address, bump] = web3.PublicKey.findProgramAddressSync(seeds.map((seed) => Buffer.from(seed, "hex")), key(program));
      return { address: address.toBase58(), bump };
    },
  };
}
