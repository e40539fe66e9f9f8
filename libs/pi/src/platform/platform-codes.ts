/** What a refusal of Pi means for our caller. */
export interface PlatformCodeFacts {
  /** HTTP status facing our caller. */
  readonly status: number;
  /** The same call may succeed later, unchanged. */
  readonly retryable: boolean;
}

/** Wrong in itself, whoever asks again. */
const UNPROCESSABLE = { status: 422, retryable: false } as const;
/** Not in the state this asks for. */
const CONFLICT = { status: 409, retryable: false } as const;
/** Not yet, or not while something else is going on. */
const LATER = { status: 409, retryable: true } as const;
const NOT_FOUND = { status: 404, retryable: false } as const;

/** Every `error` Pi is known to answer. A status of 401 is never passed on: the caller's token is not what Pi refused. */
export const PLATFORM_CODES = {
  already_approved: CONFLICT,
  already_completed: CONFLICT,
  altered_amount: UNPROCESSABLE,
  cancelled_payment: CONFLICT,
  feature_not_available: { status: 501, retryable: false },
  forbidden: CONFLICT,
  invalid_address: UNPROCESSABLE,
  invalid_amount: UNPROCESSABLE,
  invalid_arguments: UNPROCESSABLE,
  invalid_metadata: UNPROCESSABLE,
  missing_param: UNPROCESSABLE,
  /** The recipient has not granted `wallet_address`. Pi says it with 401; it is not a bad API key. */
  missing_scope: UNPROCESSABLE,
  missing_txid: UNPROCESSABLE,
  missing_wallet: UNPROCESSABLE,
  not_verified: LATER,
  ongoing_payment_found: LATER,
  payment_not_found: NOT_FOUND,
  payment_tx_present: CONFLICT,
  too_many_cancelled_payments: { status: 429, retryable: true },
  too_many_payments: { status: 429, retryable: true },
  txid_mismatch: CONFLICT,
  unknown_error: { status: 502, retryable: true },
  user_not_found: NOT_FOUND,
  verification_failed: CONFLICT,
} as const satisfies Record<string, PlatformCodeFacts>;

export type KnownPlatformCode = keyof typeof PLATFORM_CODES;

/** `error` of a refusal. Open: Pi adds codes. */
export type PiPlatformCode = KnownPlatformCode | (string & {});

export function isKnownPlatformCode(code: string | undefined): code is KnownPlatformCode {
  return code !== undefined && Object.hasOwn(PLATFORM_CODES, code);
}
