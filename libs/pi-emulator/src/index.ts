export { PiEmulator } from './emulator.js';
export type { ClosedLedgerView, EmulatedApp, EmulatorHealth } from './emulator.types.js';
export { EmulatorError } from './emulator-error.js';
export { EmulatorOptionsError, type PiEmulatorOptions } from './emulator.options.js';
export { EMULATED_WALLET_CONSTANT, type EmulatedWallet } from './emulated-wallet.js';
export type { AppliedTransactionView } from './control/applied-view.js';
export type {
  AccountVersion,
  Adversary,
  AppliedOperation,
  AppliedTransaction,
  BumpSequence,
  Chain,
  ChainState,
  ClosedLedger,
  CoreAnswer,
  Dust,
  ForeignTransaction,
  HideRule,
  LedgerHeader,
  LookAlike,
  ReadRule,
  ReplicaRule,
  SubmitRule,
  TransactionResult,
  UseSequence,
} from './chain/index.js';
export type { CreatePaymentRequest } from './control/control-input.js';
export type { ActiveFault, Fault, FaultKind } from './faults/fault.js';
export type { JournalEntry, JournalFilter } from './journal/journal.js';
export type { EmulatedNetwork } from './network.js';
export type { AdStatus, RewardedAdStatusDto } from './platform/ads.js';
export type { DeliveredNotification } from './platform/notifications.js';
export type { PaymentDirection, PaymentDto, PaymentStatus, PaymentTransaction } from './platform/payment.js';
export type {
  EmulatedPioneer,
  PioneerOptions,
  PioneerRecord,
  PiScope,
  TokenOptions,
  UserDto,
} from './platform/pioneer.js';
export type { SignOptions } from './platform/pioneer-wallet.js';
export type { PlatformErrorCode, VerificationError } from './platform/platform-error.js';
export type { EmulatorState } from './state/emulator-state.js';
