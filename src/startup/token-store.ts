import type { PiTokenStore } from 'nestjs-pi';

export interface OpenTokenStore {
  readonly store: PiTokenStore;
  close(): Promise<void>;
}

/** Verified tokens shared by all instances of the shop, in Redis. */
export async function openTokenStore(redisUrl: string): Promise<OpenTokenStore> {
  const [{ Keyv }, { default: KeyvRedis }] = await Promise.all([import('keyv'), import('@keyv/redis')]);
  const store = new Keyv({ store: new KeyvRedis(redisUrl), namespace: 'corner-shop' });
  // Without a listener an outage of Redis would end the process; the guard itself goes on without it.
  store.on('error', () => undefined);
  return {
    store,
    async close() {
      await store.disconnect().catch(() => undefined);
    },
  };
}
