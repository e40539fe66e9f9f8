export { PiEmulator } from './emulator.js';
export { EmulatorOptionsError, type PiEmulatorOptions } from './emulator.options.js';
export { EMULATED_WALLET_CONSTANT, type EmulatedWallet } from './emulated-wallet.js';
export type { EmulatedNetwork } from './network.js';
export type { PaymentDirection, PaymentDto, PaymentStatus, PaymentTransaction } from './platform/payment.js';
export type { EmulatedPioneer, PioneerOptions, PiScope, UserDto } from './platform/pioneer.js';
export { PlatformError, type PlatformErrorCode, type VerificationError } from './platform/platform-error.js';
