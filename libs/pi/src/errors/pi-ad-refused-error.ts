import { PiError } from './pi-error.js';

/** `taken`: another Pioneer was first. The others are Pi's word for how the ad ended, or that it has not said yet. */
export type PiAdRefusal = 'taken' | 'undecided' | 'failed' | 'revoked';

type PiAdRefusedCode = 'PI_AD_TAKEN' | 'PI_AD_UNDECIDED' | 'PI_AD_NOT_GRANTED';

const REFUSALS: Record<PiAdRefusal, { status: 409 | 422; code: PiAdRefusedCode; message: string }> = {
  taken: { status: 409, code: 'PI_AD_TAKEN', message: 'has been rewarded to another Pioneer.' },
  undecided: { status: 409, code: 'PI_AD_UNDECIDED', message: 'is not confirmed by Pi yet: ask again in a while.' },
  failed: { status: 422, code: 'PI_AD_NOT_GRANTED', message: 'earns no reward: Pi says that it failed.' },
  revoked: { status: 422, code: 'PI_AD_NOT_GRANTED', message: 'earns no reward: Pi says that it was revoked.' },
};

const ASK_AGAIN_SECONDS = 2;

/**
 * There is no reward for this ad and this Pioneer; nothing was claimed.
 *
 * 409 `PI_AD_TAKEN` and `PI_AD_UNDECIDED` (the only one to ask again, after `Retry-After`), 422 `PI_AD_NOT_GRANTED`.
 */
export class PiAdRefusedError extends PiError {
  readonly code: PiAdRefusedCode;
  /** True for `undecided` only. */
  readonly retryable: boolean;
  readonly adId: string;
  readonly reason: PiAdRefusal;

  constructor(adId: string, reason: PiAdRefusal) {
    const { status, code, message } = REFUSALS[reason];
    const retryable = reason === 'undecided';
    super({
      status,
      code,
      message: `The ad ${JSON.stringify(adId)} ${message}`,
      details: { reason },
      ...(retryable && { retryAfterSeconds: ASK_AGAIN_SECONDS }),
    });
    this.code = code;
    this.retryable = retryable;
    this.adId = adId;
    this.reason = reason;
  }
}
