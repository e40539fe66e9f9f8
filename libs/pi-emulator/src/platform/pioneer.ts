/** Something a Pioneer agrees to share. An open set: Pi adds scopes without notice. */
export type PiScope =
  | 'username'
  | 'payments'
  | 'wallet_address'
  | 'in_app_notifications'
  | 'platform'
  | 'roles'
  | 'preferred_language'
  | (string & {});

/** How to make an access token. */
export interface TokenOptions {
  /** What the Pioneer grants to the app. Default: `username`, `payments`, `wallet_address`; for a further token what was granted before. */
  scopes?: readonly PiScope[];
  /** Life of the access token in milliseconds, may be negative (expired). Default: 24 hours. */
  tokenTtlMs?: number;
  /** App the token is issued to. Another one than the emulator's stands for a token stolen from another app. */
  appId?: string;
}

/** How to make a Pioneer. */
export interface PioneerOptions extends TokenOptions {
  /** Default: a realistic made-up one. */
  username?: string;
  /** Pi in the wallet. Default: `1000`. `0`: the wallet has an address but no account on the chain. */
  balance?: number | string;
  /** `false`: the Pioneer never made a wallet; payouts answer `missing_wallet`. Default: `true`. */
  wallet?: boolean;
}

/** A Pioneer as the control API answers. */
export interface EmulatedPioneer {
  /** UUID, particular to this app and Pioneer. */
  uid: string;
  username: string;
  accessToken: string;
  /** `G…`; empty for a Pioneer without a wallet. */
  walletAddress: string;
}

/** A Pioneer as the emulator keeps one. */
export interface PioneerRecord {
  uid: string;
  username: string;
  walletAddress: string;
  /** All scopes ever granted to the app and not revoked. */
  scopes: PiScope[];
}

/** An access token as the emulator keeps one. */
export interface TokenRecord {
  token: string;
  uid: string;
  scopes: PiScope[];
  appId: string;
  /** Milliseconds since 1970. */
  validUntil: number;
}

/** What `GET /v2/me` answers. */
export interface UserDto {
  uid: string;
  credentials: {
    scopes: PiScope[];
    /** `timestamp` in seconds since 1970. */
    valid_until: { timestamp: number; iso8601: string };
  };
  /** With the `username` scope only. */
  username?: string;
  /** Seen live, not documented. */
  app_id?: string;
  /** Seen live, not documented. */
  receiving_email?: boolean;
}
