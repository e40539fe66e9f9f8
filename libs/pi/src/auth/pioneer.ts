/** A signed-in user, as Pi stated it when the token was verified. */
export interface Pioneer {
  /** Specific to app and user; changes when the user revokes the app and signs in again. */
  readonly uid: string;
  /** Needs the scope `username`. */
  readonly username?: string;
  /** What the user granted: `username`, `payments`, `wallet_address`… Open: Pi adds scopes. */
  readonly scopes: readonly string[];
  /** The token is refused from here on. */
  readonly validUntil: Date;
  /** The app the token was issued to, when Pi says it. */
  readonly appId?: string;
}
