/**
 * How long a callback waits for one call. The SDK asks again about every 10 s, and the wallet gives up after 60 s: an answer
 * that takes longer than this is better replaced by "ask again". Never shorter than Pi and its Horizon need on a bad day.
 */

/** Of the Platform API, for what is so. */
export const ASK_PI = { timeoutMs: 2_500, retries: 1 } as const;
/** Of the Platform API, to do something. What comes of it is on disk before, and looked for afterwards. */
export const TELL_PI = { timeoutMs: 5_000, retries: 1 } as const;
/** Of Horizon, for one transaction. */
export const ASK_CHAIN = { timeoutMs: 2_000, retries: 0 } as const;
