import { pioneerKeypair } from '../emulated-wallet.js';
import type { IdSource } from '../ids.js';
import type { EmulatedPioneer, PioneerOptions, PioneerRecord, PiScope, TokenRecord, UserDto } from './pioneer.js';
import { makeUsername } from './usernames.js';

export const DEFAULT_SCOPES: readonly PiScope[] = ['username', 'payments', 'wallet_address'];
const DEFAULT_TOKEN_TTL_MS = 24 * 60 * 60 * 1000;

/** The Pioneers of the app and their access tokens. */
export class Pioneers {
  private readonly byUid = new Map<string, PioneerRecord>();
  private readonly tokens = new Map<string, TokenRecord>();
  private readonly usernames = new Set<string>();

  constructor(
    private readonly appId: string,
    private readonly ids: IdSource,
  ) {}

  create(options: PioneerOptions = {}): EmulatedPioneer {
    const uid = this.ids.uid();
    const pioneer: PioneerRecord = {
      uid,
      username:
        options.username ??
        makeUsername(
          (below) => this.ids.below(below),
          (username) => this.usernames.has(username),
        ),
      walletAddress: options.wallet === false ? '' : pioneerKeypair(uid).publicKey(),
      scopes: [...new Set(options.scopes ?? DEFAULT_SCOPES)],
    };
    this.put(pioneer);
    const { token } = this.issueToken(uid, pioneer.scopes, options);
    return { uid, username: pioneer.username, accessToken: token, walletAddress: pioneer.walletAddress };
  }

  find(uid: string): PioneerRecord | undefined {
    return this.byUid.get(uid);
  }

  list(): PioneerRecord[] {
    return [...this.byUid.values()];
  }

  isTaken(username: string): boolean {
    return this.usernames.has(username);
  }

  /** What `Pi.authenticate(scopes)` does once the Pioneer agreed: the scopes are granted, and a token carries them. */
  issueToken(
    uid: string,
    scopes: readonly PiScope[],
    { tokenTtlMs = DEFAULT_TOKEN_TTL_MS, appId = this.appId }: { tokenTtlMs?: number; appId?: string } = {},
  ): TokenRecord {
    const pioneer = this.byUid.get(uid);
    if (!pioneer) throw new Error(`No Pioneer has the uid ${uid}.`);
    pioneer.scopes = [...new Set([...pioneer.scopes, ...scopes])];
    const token: TokenRecord = {
      token: this.ids.accessToken(),
      uid,
      scopes: [...new Set(scopes)],
      appId,
      validUntil: Date.now() + tokenTtlMs,
    };
    this.tokens.set(token.token, token);
    return token;
  }

  /** The token's record while it is good. */
  authenticate(token: string): TokenRecord | undefined {
    const record = this.tokens.get(token);
    return record && record.validUntil > Date.now() ? record : undefined;
  }

  /** Ends all tokens of a Pioneer; says how many there were. */
  endTokens(uid: string): number {
    const ended = [...this.tokens.values()].filter((token) => token.uid === uid);
    for (const { token } of ended) this.tokens.delete(token);
    return ended.length;
  }

  /** The Pioneer takes everything back from the app: tokens end, the uid is unknown from now on. */
  revoke(uid: string): void {
    this.endTokens(uid);
    const pioneer = this.byUid.get(uid);
    if (!pioneer) return;
    this.byUid.delete(uid);
    this.usernames.delete(pioneer.username);
  }

  /** `GET /me`. `undocumented` adds the fields seen live that no document names. */
  toUserDto(token: TokenRecord, undocumented: boolean): UserDto {
    const username = this.byUid.get(token.uid)?.username;
    return {
      uid: token.uid,
      credentials: {
        scopes: token.scopes,
        valid_until: {
          timestamp: Math.floor(token.validUntil / 1000),
          iso8601: new Date(token.validUntil).toISOString(),
        },
      },
      ...(username !== undefined && token.scopes.includes('username') && { username }),
      ...(undocumented && { app_id: token.appId, receiving_email: false }),
    };
  }

  export(): { pioneers: PioneerRecord[]; tokens: TokenRecord[] } {
    return { pioneers: [...this.byUid.values()], tokens: [...this.tokens.values()] };
  }

  import(state: { pioneers: PioneerRecord[]; tokens: TokenRecord[] }): void {
    this.byUid.clear();
    this.tokens.clear();
    this.usernames.clear();
    for (const pioneer of state.pioneers) this.put(pioneer);
    for (const token of state.tokens) this.tokens.set(token.token, token);
  }

  private put(pioneer: PioneerRecord): void {
    this.byUid.set(pioneer.uid, pioneer);
    this.usernames.add(pioneer.username);
  }
}
