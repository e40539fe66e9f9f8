/**
 * Each rule that protects from a double or lost payment, by name. All are on, always: they can be taken out only by
 * code inside this library, which is what the tests do to prove that every history really needs its rule.
 */
export interface RuleSwitches {
  /** A new sequence number only when the history covers the account reading. */
  readonly covering: boolean;
  /** A transaction of ours is known by memo and operation, not by the hashes on disk alone. */
  readonly ownByMemo: boolean;
  /** A transaction of ours is known by its hash inside a fee bump, too. */
  readonly ownByInnerHash: boolean;
  /** Only records whose source account is the wallet count. */
  readonly walletOnly: boolean;
  /** Source, operation, destination and exact amount have to match before a payout counts as paid. */
  readonly operationMatch: boolean;
  /** The baseline was committed before the payment was created at Pi, and is never read again. */
  readonly baselineFirst: boolean;
  /** A sequence number and the close time compared with it come from one answer. */
  readonly oneReading: boolean;
  /** Expired means: past the time bound of every attempt, not of the newest. */
  readonly everyMaxTime: boolean;
  /** `cancelling` is committed, with its proof, before Pi is asked to cancel. */
  readonly cancelProof: boolean;
  /** A payment at Pi is adopted only when key and instance are ours. */
  readonly ownKeyOnly: boolean;
  /** An identifier is bound once. */
  readonly bindOnce: boolean;
  /** A payment at Pi that duplicates a bound one is cancelled. */
  readonly orphans: boolean;
  /** Nothing is decided on another chain than the attempts were signed for. */
  readonly chainIdentity: boolean;
  /** An attempt is inserted only while the lease token and the number of attempts are the expected ones. */
  readonly attemptFence: boolean;
}

export const ALL_RULES: RuleSwitches = {
  covering: true,
  ownByMemo: true,
  ownByInnerHash: true,
  walletOnly: true,
  operationMatch: true,
  baselineFirst: true,
  oneReading: true,
  everyMaxTime: true,
  cancelProof: true,
  ownKeyOnly: true,
  bindOnce: true,
  orphans: true,
  chainIdentity: true,
  attemptFence: true,
};
