import { PiAmount, type PiAmountLike } from '../chain/pi-amount.js';
import type { PiWallet } from '../pi.options.js';
import { PiPayoutInvalidError } from './payout-errors.js';
import type { LaneWallet } from './lane-parts.js';
import { seedSigner } from './seed-signer.js';

/** Lower fees get `tx_insufficient_fee` on both networks. */
const MIN_FEE = '0.01';
const MAX_FEE = '0.1';

/** @throws PiConfigurationError when a seed is none */
export async function openWallets(wallets: readonly PiWallet[]): Promise<LaneWallet[]> {
  return Promise.all(wallets.map(openWallet));
}

async function openWallet(wallet: PiWallet): Promise<LaneWallet> {
  const signer = 'seed' in wallet.signer ? await seedSigner(wallet.signer.seed) : wallet.signer;
  const { payoutLimit, dailyLimit, dailyLimitPerUid, lowBalance, fee } = wallet;
  return {
    address: signer.publicKey,
    name: wallet.name ?? signer.publicKey,
    signer,
    fee: { min: stroops(fee?.min ?? MIN_FEE), max: stroops(fee?.max ?? MAX_FEE) },
    limits: {
      ...(payoutLimit !== undefined && { perPayout: stroops(payoutLimit) }),
      ...(dailyLimit !== undefined && { perDay: stroops(dailyLimit) }),
      ...(dailyLimitPerUid !== undefined && { perUidAndDay: stroops(dailyLimitPerUid) }),
    },
    ...(lowBalance !== undefined && { lowBalance: stroops(lowBalance) }),
  };
}

/** @throws PiPayoutInvalidError when it names none, or names nothing where there are several */
export function walletNamed(wallets: readonly LaneWallet[], name: string | undefined): LaneWallet {
  const names = wallets.map((wallet) => wallet.name).join(', ');
  const wallet =
    name === undefined && wallets.length === 1
      ? wallets[0]
      : wallets.find((candidate) => candidate.name === name || candidate.address === name);
  if (wallet) return wallet;
  throw new PiPayoutInvalidError(
    'wallet',
    name === undefined ? `there are several wallets, name one: ${names}` : `there is no wallet ${name}, only: ${names}`,
  );
}

function stroops(amount: PiAmountLike): bigint {
  return PiAmount.of(amount).stroops;
}
