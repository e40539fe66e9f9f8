import type { PiSigner } from '../pi.ports.js';

/** Behind a signer is somebody else's service: it may never answer. */
export class SignerSilentError extends Error {
  override readonly name = 'SignerSilentError';

  constructor({ publicKey }: PiSigner, ms: number) {
    super(
      `the signer of the wallet ${publicKey} gave no answer in ${ms / 1_000} s: look after the KMS or HSM behind it. The payout is signed later; others go on.`,
    );
  }
}

/**
 * The same signer, waited for no longer than so long, and not beyond `signal`. An answer that comes later is dropped: nothing
 * was stored of what it signs, so nothing of it can be sent.
 */
export function signerInTime(signer: PiSigner, ms: number, signal: AbortSignal): PiSigner {
  const sign = async (transactionHash: Uint8Array): Promise<Uint8Array> => {
    signal.throwIfAborted();
    let forget = () => {};
    const signed = new Promise<Uint8Array>((resolve, reject) => {
      const timer = setTimeout(() => reject(new SignerSilentError(signer, ms)), ms);
      const end = () => reject(signal.reason);
      signal.addEventListener('abort', end);
      forget = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
      };
      signer.sign(transactionHash).then(resolve, reject);
    });
    return signed.finally(forget);
  };
  return { publicKey: signer.publicKey, sign };
}
