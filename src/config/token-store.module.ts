import { Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { PiTokenStore } from 'nestjs-pi';
import { shopConfig, type ShopConfig } from './shop.config.js';

/** Verified tokens shared by all instances of the shop, in Redis where there is one. */
@Injectable()
export class TokenStore implements OnApplicationShutdown {
  #close = async (): Promise<void> => {};

  constructor(@Inject(shopConfig.KEY) private readonly config: ShopConfig) {}

  /** Undefined without a Redis. */
  async open(): Promise<PiTokenStore | undefined> {
    const { redisUrl } = this.config;
    if (redisUrl === undefined) return undefined;
    const [{ Keyv }, { default: KeyvRedis }] = await Promise.all([import('keyv'), import('@keyv/redis')]);
    const redis = new KeyvRedis(redisUrl);
    const store = new Keyv({ store: redis, namespace: 'corner-shop' });
    // Without a listener an outage of Redis would end the process; the guard itself goes on without it.
    store.on('error', () => undefined);
    // By force: otherwise it waits for answers, for ever if Redis does not give them.
    this.#close = () => redis.disconnect(true);
    return store;
  }

  onApplicationShutdown(): Promise<void> {
    return this.#close();
  }
}

@Module({ providers: [TokenStore], exports: [TokenStore] })
export class TokenStoreModule {}
