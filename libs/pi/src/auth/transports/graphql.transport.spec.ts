import { ApolloDriver } from '@nestjs/apollo';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import { UseGuards } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { Field, GraphQLModule, ObjectType, Query, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import { createClient } from 'graphql-ws';
import type { Client } from 'graphql-ws';
import { PiAuthGuard, PiModule, PiOptional, PiPublic, PiScopes, PiUser } from 'nestjs-pi';
import { WebSocket } from 'ws';
import { ADAPTERS, listen } from '../../../../../test/support/adapters.js';
import { StagedMe } from '../../../../../test/support/staged-me.js';

const { refuse } = StagedMe;

@ObjectType()
class Profile {
  @Field(() => String) wallet!: string;
}

@Resolver(() => Profile)
@UseGuards(PiAuthGuard)
class PioneerResolver {
  @Query(() => String)
  me(@PiUser('uid') uid: string): string {
    return uid;
  }
  @Query(() => String)
  @PiScopes('wallet_address')
  wallet(): string {
    return 'wallet';
  }
  @Query(() => String)
  @PiOptional()
  hello(@PiUser('username') username: string | undefined): string {
    return username ?? 'anonymous';
  }
  @Query(() => String)
  @PiPublic()
  lobby(@PiUser('uid') uid: string | undefined): string {
    return uid ?? 'nobody';
  }
  @Query(() => Profile)
  profile(): object {
    return {};
  }
  @ResolveField('wallet', () => String)
  @PiScopes('wallet_address')
  walletOfProfile(): string {
    return 'wallet';
  }
  @Subscription(() => String, { resolve: (payload: { uid: string }) => payload.uid })
  async *greetings(@PiUser('uid') uid: string) {
    yield { uid: `hello ${uid}` };
  }
  @Subscription(() => String)
  @PiScopes('wallet_address')
  async *transfers() {
    yield { transfers: 'one' };
  }
}

let pi: StagedMe;
let app: INestApplication;
let url: string;
const clients: Client[] = [];

describe.each(ADAPTERS)('PiAuthGuard on GraphQL over %s', (_name, Adapter) => {
  const start = async (config: Partial<ApolloDriverConfig> = {}) => {
    ({ app, url } = await listen(Adapter, {
      imports: [
        PiModule.forRoot({ apiKey: 'key', network: 'testnet', platformUrl: pi.platformUrl, http: { retries: 0 } }),
        GraphQLModule.forRoot<ApolloDriverConfig>({
          driver: ApolloDriver,
          autoSchemaFile: true,
          graphiql: false,
          subscriptions: { 'graphql-ws': true },
          ...config,
        }),
      ],
      providers: [PioneerResolver],
    }));
  };
  beforeEach(async () => {
    pi = await StagedMe.start();
    await start();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.dispose();
    await app.close();
    await pi.stop();
  });

  const query = async (text: string, token?: string): Promise<{ data?: unknown; errors?: unknown[] }> => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query: text }),
    });
    return (await response.json()) as never;
  };
  const subscribe = async (connectionParams: Record<string, unknown>, field = 'greetings'): Promise<unknown> => {
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams,
    });
    clients.push(client);
    const next = await client.iterate({ query: `subscription { ${field} }` }).next();
    return (next.value as { errors?: unknown; data?: unknown }).errors ?? (next.value as { data: unknown }).data;
  };

  it('knows the Pioneer', async () => {
    expect(await query('{ me }', 'good')).toEqual({ data: { me: 'uid-of-good' } });
    expect(await query('{ me hello }', 'good')).toEqual({ data: { me: 'uid-of-good', hello: 'name-of-good' } });
    expect(pi.calls).toEqual(['good']);
  });

  it('knows nobody in a public field beside a guarded one, be the token cold or cached', async () => {
    for (const _ of ['cold', 'cached']) {
      expect(await query('{ me lobby }', 'good')).toEqual({ data: { me: 'uid-of-good', lobby: 'nobody' } });
    }
  });

  it('lets anonymous callers in where they may', async () => {
    expect(await query('{ hello }')).toEqual({ data: { hello: 'anonymous' } });
  });

  it('is run by Nest on a field resolver only with fieldResolverEnhancers', async () => {
    expect(await query('{ profile { wallet } }', 'good')).toEqual({ data: { profile: { wallet: 'wallet' } } });
    await app.close();
    await start({ fieldResolverEnhancers: ['guards'] });
    const { data, errors } = await query('{ profile { wallet } }', 'good');
    expect(data).toBeNull();
    expect(errors).toEqual([
      expect.objectContaining({
        path: ['profile', 'wallet'],
        extensions: expect.objectContaining({ code: 'FORBIDDEN' }),
      }),
    ]);
  });

  const down = () => (pi.behaviour = () => ({ status: 500 }));
  const away = { errorCode: 'PI_UNAVAILABLE', retryAfterSeconds: 1 };
  const refusals: [string, () => void, string, string | undefined, object][] = [
    ['no token', () => undefined, '{ me }', undefined, { code: 'UNAUTHENTICATED' }],
    ['a refused token', () => (pi.behaviour = refuse), '{ me }', 'bad', { code: 'UNAUTHENTICATED' }],
    ['a missing scope', () => undefined, '{ wallet }', 'good', { code: 'FORBIDDEN' }],
    ['Pi being down', down, '{ me }', 'good', { status: 503, originalError: away }],
  ];
  it.each(refusals)('tells the client of %s', async (_title, stage, text, token, extensions) => {
    stage();
    const { data, errors } = await query(text, token);
    expect(data ?? null).toBeNull();
    expect(errors).toEqual([expect.objectContaining({ extensions: expect.objectContaining(asPartial(extensions)) })]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['authorization', { authorization: 'Bearer good' }],
    ['Authorization', { Authorization: 'Bearer good' }],
    ['token', { token: 'good' }],
  ])('knows the subscriber by `%s` of connectionParams', async (_title, params) => {
    expect(await subscribe(params)).toEqual({ greetings: 'hello uid-of-good' });
  });

  const subscribers: [string, () => void, Record<string, unknown>, string, RegExp, object][] = [
    ['without a token', () => undefined, {}, 'greetings', /Sign in with Pi/, { code: 'UNAUTHENTICATED' }],
    [
      'with a refused token',
      () => (pi.behaviour = refuse),
      { token: 'bad' },
      'greetings',
      /does not accept/,
      { code: 'UNAUTHENTICATED', originalError: { errorCode: 'PI_TOKEN_REFUSED' } },
    ],
    [
      'without the scope',
      () => undefined,
      { token: 'good' },
      'transfers',
      /wallet_address/,
      { code: 'FORBIDDEN', originalError: { scopes: ['wallet_address'] } },
    ],
    [
      'while Pi is down',
      down,
      { token: 'good' },
      'greetings',
      /./,
      { code: 'INTERNAL_SERVER_ERROR', status: 503, originalError: away },
    ],
  ];
  it.each(subscribers)('refuses a subscriber %s', async (_title, stage, params, field, message, extensions) => {
    stage();
    expect(await subscribe(params, field)).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(message),
        extensions: expect.objectContaining(asPartial(extensions)),
      }),
    ]);
  });

  const asPartial = (extensions: object) =>
    Object.fromEntries(
      Object.entries(extensions).map(([key, value]) => [
        key,
        typeof value === 'object' ? expect.objectContaining(value) : value,
      ]),
    );
});
