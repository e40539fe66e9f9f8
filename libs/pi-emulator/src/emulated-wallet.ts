import { createHash } from 'node:crypto';
import { Keypair } from '@stellar/stellar-base';

/**
 * Every emulated wallet derives from this published constant: anybody can compute its seed, so it can never hold real Pi,
 * and the same wallets come back at every start.
 */
export const EMULATED_WALLET_CONSTANT = 'pi-emulator: this wallet is public, never send real Pi to it';

/** A wallet of the emulator. Its seed is not a secret. */
export interface EmulatedWallet {
  /** Public key, `G…`. */
  readonly address: string;
  /** `S…`, 56 characters. */
  readonly seed: string;
}

/** The app's wallet number `index`, from 0. */
export const appWallet = (index: number): EmulatedWallet => emulatedWallet(`app ${index}`);

/** Key pair of a Pioneer's wallet. */
export const pioneerKeypair = (uid: string): Keypair => derive(`pioneer ${uid}`);

function emulatedWallet(label: string): EmulatedWallet {
  const pair = derive(label);
  return { address: pair.publicKey(), seed: pair.secret() };
}

function derive(label: string): Keypair {
  return Keypair.fromRawEd25519Seed(createHash('sha256').update(`${EMULATED_WALLET_CONSTANT}: ${label}`).digest());
}
