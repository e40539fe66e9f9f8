/// <reference lib="dom" />

/** A payment as Pi shows it to the browser and to the backend. */
export interface SdkPayment {
  identifier: string;
  user_uid: string;
  amount: number;
  memo: string;
  metadata: Record<string, unknown>;
  status: {
    developer_approved: boolean;
    transaction_verified: boolean;
    developer_completed: boolean;
    cancelled: boolean;
    user_cancelled: boolean;
  };
  transaction: null | { txid: string; verified: boolean; _link: string };
  [field: string]: unknown;
}

/** A Pioneer who can be chosen in the consent dialog. */
export interface SdkPioneer {
  uid: string;
  username: string;
}

export interface SdkSession {
  accessToken: string;
  user: { uid: string; username?: string };
  scopes: string[];
  /** A payment with a transaction that the app has not completed. */
  incompletePayment: SdkPayment | null;
}

/** How the SDK behaves; read from the address of the script, see `docs/sdk.md`. Times in milliseconds. */
export interface SdkConfig {
  /** Where the emulator listens: the origin the script was loaded from. */
  origin: string;
  /** Pause between two calls of a server callback. Default: 10,000, as in the Pi Browser. */
  repeatMs: number;
  /** How long the app may take to approve. Default: 60,000. */
  approvalMs: number;
  /** How long the app may take to complete. Default: 60,000. */
  completionMs: number;
  /** Pause between two looks at the payment. Default: 400. */
  pollMs: number;
  /** How long an ad runs before it may be closed with a reward. Default: 3,000. */
  adMs: number;
  /** Signs in as this Pioneer without a dialog (made when unknown). */
  pioneer?: string;
}

export interface PaymentData {
  amount: number;
  memo: string;
  metadata: Record<string, unknown>;
}

export interface PaymentCallbacks {
  onReadyForServerApproval: (paymentId: string) => unknown;
  onReadyForServerCompletion: (paymentId: string, txid: string) => unknown;
  onCancel: (paymentId: string) => unknown;
  onError: (error: Error, payment?: SdkPayment) => unknown;
}

/** The emulator's answer was a refusal. */
export interface SdkRefusal extends Error {
  code?: string;
  payment?: SdkPayment;
}

/** What the SDK asks of the emulator. */
export interface Bridge {
  pioneers(): Promise<SdkPioneer[]>;
  signIn(choice: { uid: string } | { username: string }, scopes: string[]): Promise<SdkSession>;
  createPayment(data: PaymentData): Promise<SdkPayment>;
  payment(id: string): Promise<SdkPayment>;
  /** Resolves once the transaction is in a ledger. */
  sign(id: string): Promise<{ txid: string }>;
  cancel(id: string): Promise<SdkPayment>;
  createAd(status: AdVerdict): Promise<{ adId: string }>;
}

export type AdVerdict = 'granted' | 'revoked' | 'failed' | 'undecided';
export type AdType = 'interstitial' | 'rewarded';

export type Child = Node | string;

/** One dialog over the page. */
export interface Sheet {
  /** Replaces what the dialog shows. */
  show(...children: Child[]): void;
  close(): void;
  readonly isOpen: boolean;
}

export interface Sheets {
  /** @param onDismiss called when the Pioneer presses Escape. */
  open(label: string, onDismiss: () => void): Sheet;
  element(tag: string, attributes?: Record<string, unknown>, ...children: Child[]): HTMLElement;
  button(label: string, testId: string, onClick: () => void, kind?: 'main' | 'plain'): HTMLButtonElement;
}

/** The wallet's dialog, one payment long. */
export interface WalletView {
  /** Settles with the Pioneer's word. */
  readonly choice: Promise<'confirm' | 'cancel'>;
  waitingForApproval(): void;
  readyToSign(): void;
  signing(): void;
  completing(txid: string): void;
  done(): void;
  failed(reason: string): void;
  close(): void;
}
