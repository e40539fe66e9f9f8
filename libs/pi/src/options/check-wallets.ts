import { PiAmount } from '../chain/pi-amount.js';
import { hasMethods } from './check-ledger.js';
import { kindOf, shown } from './problems.js';
import type { Problems } from './problems.js';

const SEED = /^S[A-Z2-7]{55}$/;
const PUBLIC_KEY = /^G[A-Z2-7]{55}$/;

/** Shape only: a seed's checksum is found when the wallet opens, for that needs the chain's code. */
export function checkWallets(wallets: unknown, problems: Problems): void {
  if (wallets === undefined) return;
  if (!Array.isArray(wallets)) {
    problems.add(`\`wallets\` is ${kindOf(wallets)}.`, 'Use a list: wallets: [{ signer: { seed } }].');
    return;
  }
  wallets.forEach((wallet: unknown, index) => checkWallet(wallet, `wallets[${index}]`, problems));
  checkDistinct(wallets, problems);
}

function checkWallet(wallet: unknown, at: string, problems: Problems): void {
  if (typeof wallet !== 'object' || wallet === null) {
    problems.add(`\`${at}\` is ${kindOf(wallet)}.`, 'Use { signer: { seed } } or { signer } with a PiSigner.');
    return;
  }
  const { name, signer, fee, ...rest } = wallet as Record<string, unknown>;
  if (name !== undefined && (typeof name !== 'string' || name.trim() === '')) {
    problems.add(`\`${at}.name\` is ${shown(name)}.`, 'Use a name of your own, or leave it out for the public key.');
  }
  checkSigner(signer, `${at}.signer`, problems);
  for (const amount of ['payoutLimit', 'dailyLimit', 'dailyLimitPerUid', 'lowBalance'])
    checkAmount(rest[amount], `${at}.${amount}`, problems);
  if (fee === undefined) return;
  const { min, max } = (fee ?? {}) as Record<string, unknown>;
  const low = checkAmount(min, `${at}.fee.min`, problems);
  const high = checkAmount(max, `${at}.fee.max`, problems);
  if (low && high && low.compare(high) > 0) {
    problems.add(
      `\`${at}.fee\` begins at ${low.toString()} Pi and ends at ${high.toString()} Pi.`,
      'Let min be at most max.',
    );
  }
}

/** A seed is never shown, not even a wrong one: it may be one letter off. */
function checkSigner(signer: unknown, at: string, problems: Problems): void {
  const { seed, publicKey } = (signer ?? {}) as Record<string, unknown>;
  if (seed !== undefined) {
    if (typeof seed === 'string' && SEED.test(seed)) return;
    const isKey = typeof seed === 'string' && PUBLIC_KEY.test(seed);
    problems.add(
      isKey ? `\`${at}.seed\` is a public key (G…).` : `\`${at}.seed\` is no wallet seed.`,
      "Use the app wallet's private seed: S and 55 more characters, capital letters and digits 2 to 7, no white space.",
    );
    return;
  }
  if (hasMethods(signer, 'sign') && typeof publicKey === 'string' && PUBLIC_KEY.test(publicKey)) return;
  problems.add(
    `\`${at}\` can sign nothing.`,
    'Use { seed }, or a PiSigner: { publicKey: "G…", sign(transactionHash) }.',
  );
}

function checkAmount(value: unknown, at: string, problems: Problems): PiAmount | undefined {
  if (value === undefined) return undefined;
  try {
    const amount = PiAmount.of(value as string);
    if (amount.stroops > 0n) return amount;
    problems.add(`\`${at}\` is ${shown(value)}.`, 'Use more than 0 Pi.');
  } catch {
    problems.add(`\`${at}\` is ${shown(value)}.`, "Use an amount in Pi with at most 7 decimals, such as '12.5'.");
  }
  return undefined;
}

/** One lane a wallet: two entries for one would send its payouts twice at a time. */
function checkDistinct(wallets: readonly unknown[], problems: Problems): void {
  const identities = wallets.flatMap((wallet) => {
    const { name, signer } = (wallet ?? {}) as Record<string, unknown>;
    const { seed, publicKey } = (signer ?? {}) as Record<string, unknown>;
    return [...new Set([name, seed ?? publicKey])].filter((identity) => typeof identity === 'string');
  });
  if (new Set(identities).size < identities.length) {
    problems.add(
      'Two of `wallets` have the same name, seed or public key.',
      'List each wallet once, under a name of its own.',
    );
  }
}
