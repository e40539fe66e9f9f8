import { EmulatorError } from '../emulator-error.js';
import type { IdSource } from '../ids.js';

export const AD_STATUSES = ['granted', 'revoked', 'failed', null] as const;
/** What the ad mediator says: `null` while it has not decided. */
export type AdStatus = (typeof AD_STATUSES)[number];

/** An ad a Pioneer watched, as the emulator keeps it. */
export interface AdRecord {
  readonly adId: string;
  readonly uid: string;
  status: AdStatus;
  grantedAt: string | null;
  revokedAt: string | null;
}

/** What `GET /v2/ads_network/status/{adId}` answers. */
export interface RewardedAdStatusDto {
  identifier: string;
  mediator_ack_status: AdStatus;
  mediator_granted_at: string | null;
  mediator_revoked_at: string | null;
}

/** The rewarded ads Pioneers watched. */
export class Ads {
  private readonly byId = new Map<string, AdRecord>();

  constructor(private readonly ids: IdSource) {}

  create(uid: string, status: AdStatus): AdRecord {
    const ad: AdRecord = { adId: this.ids.base62(32), uid, status: null, grantedAt: null, revokedAt: null };
    this.byId.set(ad.adId, ad);
    decide(ad, status);
    return ad;
  }

  find(adId: string): AdRecord | undefined {
    return this.byId.get(adId);
  }

  /** @throws EmulatorError 404 `unknown_ad` */
  update(adId: string, status: AdStatus): AdRecord {
    const ad = this.byId.get(adId);
    if (!ad) throw new EmulatorError('unknown_ad', `No ad has the adId ${adId}.`, 404);
    decide(ad, status);
    return ad;
  }

  export(): AdRecord[] {
    return [...this.byId.values()];
  }

  import(ads: readonly AdRecord[]): void {
    this.byId.clear();
    for (const ad of ads) this.byId.set(ad.adId, ad);
  }
}

export const toAdStatusDto = (ad: AdRecord): RewardedAdStatusDto => ({
  identifier: ad.adId,
  mediator_ack_status: ad.status,
  mediator_granted_at: ad.grantedAt,
  mediator_revoked_at: ad.revokedAt,
});

/** A revoked ad keeps the time it was granted at. */
function decide(ad: AdRecord, status: AdStatus): void {
  ad.status = status;
  if (status === 'granted') ad.grantedAt = new Date().toISOString();
  if (status === 'revoked') ad.revokedAt = new Date().toISOString();
  else ad.revokedAt = null;
  if (status === null || status === 'failed') ad.grantedAt = null;
}
