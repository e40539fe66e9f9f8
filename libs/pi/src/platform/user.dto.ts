/** What a Pioneer granted. Open: Pi adds scopes. */
export type PiScope =
  | 'username'
  | 'payments'
  | 'wallet_address'
  | 'platform'
  | 'roles'
  | 'preferred_language'
  | 'in_app_notifications'
  | (string & {});

/** Answer of `GET /me`, checked; fields we do not know are kept. */
export interface UserDto {
  /** Specific to app and user; changes when the user revokes and authorises again. */
  readonly uid: string;
  readonly credentials: {
    readonly scopes: readonly PiScope[];
    readonly valid_until: { /** Seconds. */ readonly timestamp: number; readonly iso8601: string };
    readonly [unknown: string]: unknown;
  };
  /** With the `username` scope only. */
  readonly username?: string;
  /** Undocumented, seen live: the app the token was issued to. */
  readonly app_id?: string;
  readonly [unknown: string]: unknown;
}
