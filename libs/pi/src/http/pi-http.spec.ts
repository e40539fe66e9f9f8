import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { AxiosError } from 'axios';
import { firstValueFrom } from 'rxjs';
import { RemoteWorld } from '../../../../test/support/remote-world.js';
import { createPiHttp, type PiHttpService } from './pi-http.js';

let world: RemoteWorld;
let http: PiHttpService;

beforeAll(async () => {
  world = await RemoteWorld.start();
});
afterAll(() => world.stop());
afterEach(() => http.close());

async function failure(work: Promise<unknown>): Promise<AxiosError> {
  return work.then(
    () => {
      throw new Error('was expected to fail');
    },
    (error: AxiosError) => error,
  );
}

describe('what users of axios know', () => {
  beforeEach(() => {
    http = createPiHttp();
  });

  it('gets and reads JSON, by axiosRef and by Observable', async () => {
    world.answers({ body: { a: 1 }, headers: { 'X-Seen': 'yes' } });
    const response = await http.axiosRef.get(`${world.url}/a`, { params: { q: 'b c' } });
    expect(response).toMatchObject({ status: 200, data: { a: 1 } });
    expect(response.headers['x-seen']).toBe('yes');
    expect(world.last.url).toBe('/a?q=b+c');
    await expect(firstValueFrom(http.get(world.url))).resolves.toMatchObject({ data: { a: 1 } });
  });

  it('posts an object as JSON', async () => {
    world.answers({ body: {} });
    await http.axiosRef.post('/b', { x: 1 }, { baseURL: world.url });
    expect(world.last).toMatchObject({ method: 'POST', url: '/b', body: '{"x":1}' });
    expect(world.last.headers['content-type']).toBe('application/json');
  });

  it('rejects a status that is not 2xx, with the answer', async () => {
    world.answers({ status: 422, body: { error: 'no' } });
    const error = await failure(http.axiosRef.get(world.url));
    expect(error).toMatchObject({ code: 'ERR_BAD_REQUEST', response: { status: 422, data: { error: 'no' } } });
  });

  it('says what it does not support', async () => {
    world.answers({ body: {} });
    await expect(http.axiosRef.get(world.url, { responseType: 'stream' })).rejects.toThrow(/does not support .*stream/);
    await expect(http.axiosRef.get('nowhere')).rejects.toThrow('Invalid URL "nowhere"');
    await expect(http.axiosRef.get('ftp://127.0.0.1/')).rejects.toThrow(/protocol/i);
  });

  it('gives bytes when asked for them', async () => {
    world.answers({ body: 'ü' });
    const { data } = await http.axiosRef.get<Buffer>(world.url, { responseType: 'arraybuffer' });
    expect([...data]).toEqual([...Buffer.from('ü')]);
  });
});

describe('a remote world that misbehaves', () => {
  beforeEach(() => {
    http = createPiHttp({ timeoutMs: 150, retries: 0, maxAnswerBytes: 10_000 });
  });

  it.each([
    ['never answers', () => undefined, { code: 'ETIMEDOUT', kind: 'timeout' }],
    ['sends headers and stalls', (_, response) => void response.writeHead(200).write('{'), { kind: 'timeout' }],
    ['drips for ever', (_, response) => drip(response), { kind: 'timeout' }],
    ['hangs up', (request) => void request.socket.destroy(), { kind: 'network', code: 'UND_ERR_SOCKET' }],
    [
      'resets the connection',
      (request) => void request.socket.resetAndDestroy(),
      { kind: 'network', code: 'ECONNRESET' },
    ],
    [
      'breaks off inside the body',
      (request, response) => {
        response.writeHead(200, { 'Content-Length': '100' }).write('{"a":');
        setTimeout(() => request.socket.destroy(), 20);
      },
      { kind: 'network' },
    ],
    ['speaks no HTTP', (request) => void request.socket.end('hello\r\n\r\n'), { kind: 'network' }],
    [
      'announces too much',
      (_, response) => void response.writeHead(200, { 'Content-Length': '10001' }).flushHeaders(),
      { kind: 'oversized' },
    ],
    [
      'sends too much unannounced',
      (_, response) => void response.writeHead(200).write('x'.repeat(10_001)),
      { kind: 'oversized' },
    ],
  ] as const satisfies readonly (readonly [string, Parameters<RemoteWorld['answers']>[0], object])[])(
    'fails in time when it %s',
    async (_, stage, expected) => {
      world.answers(stage as Parameters<RemoteWorld['answers']>[0]);
      const started = performance.now();
      expect(await failure(http.axiosRef.get(world.url))).toMatchObject({ name: 'PiTransportError', ...expected });
      expect(performance.now() - started).toBeLessThan(1_500);
    },
  );

  it('ends an endless answer as soon as it is too long', async () => {
    let written = 0;
    world.answers((_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => {
        response.write('x'.repeat(4_000));
        written += 4_000;
      }, 2);
      response.on('close', () => clearInterval(timer));
    });
    expect(await failure(http.axiosRef.get(world.url))).toMatchObject({ kind: 'oversized' });
    const upToHere = written;
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(written - upToHere).toBeLessThanOrEqual(8_000);
  });

  it('accepts an answer of exactly the bound', async () => {
    world.answers({ body: 'x'.repeat(10_000) });
    await expect(http.axiosRef.get(world.url)).resolves.toMatchObject({ status: 200 });
  });

  it.each([301, 302, 303, 307, 308])('does not follow a %i, so no key goes along', async (status) => {
    const elsewhere = await RemoteWorld.start();
    try {
      world.answers({ status, headers: { Location: `${elsewhere.url}/steal` } });
      const error = await failure(
        http.axiosRef.get(world.url, { headers: { Authorization: 'Key s3cret' }, maxRedirects: 5 }),
      );
      expect(error.message).toContain('redirects are not followed');
      expect(elsewhere.requests).toHaveLength(0);
    } finally {
      await elsewhere.stop();
    }
  });

  it('refuses a connection nobody accepts', async () => {
    const gone = await RemoteWorld.start();
    const { url } = gone;
    await gone.stop();
    expect(await failure(http.axiosRef.get(url))).toMatchObject({ kind: 'network', code: 'ECONNREFUSED' });
  });
});

describe('repetition', () => {
  beforeEach(() => {
    http = createPiHttp({ timeoutMs: 300, retries: 2 });
  });
  const refusesWith = (status: number, headers: Record<string, string> = {}) => ({ status, headers, body: {} });

  it.each([
    ['a 503', [refusesWith(503), { body: 'ok' }], 2],
    ['a 429 with Retry-After: 0', [refusesWith(429, { 'Retry-After': '0' }), { body: 'ok' }], 2],
    ['a hang-up', [hangUp, hangUp, { body: 'ok' }], 3],
    ['silence', [() => undefined, { body: 'ok' }], 2],
  ])('of a GET after %s', async (_, stages, expected) => {
    world.answers(...stages);
    await expect(http.axiosRef.get(world.url)).resolves.toMatchObject({ status: 200, data: 'ok' });
    expect(world.requests).toHaveLength(expected);
  });

  it('ends after the configured number', async () => {
    world.answers(refusesWith(503));
    await expect(http.axiosRef.get(world.url)).rejects.toMatchObject({ response: { status: 503 } });
    expect(world.requests).toHaveLength(3);
  });

  it.each([400, 401, 404, 409, 422])('never follows a %i', async (status) => {
    world.answers(refusesWith(status));
    await failure(http.axiosRef.get(world.url));
    expect(world.requests).toHaveLength(1);
  });

  it('never happens to a POST, whatever becomes of it', async () => {
    for (const stage of [refusesWith(503), refusesWith(429, { 'Retry-After': '0' }), hangUp, () => undefined]) {
      world.answers(stage);
      await failure(http.axiosRef.post(world.url, { pay: 1 }));
      expect(world.requests).toHaveLength(1);
    }
  });

  it('waits as long as Retry-After asks', async () => {
    world.answers(refusesWith(503, { 'Retry-After': '1' }), { body: 'ok' });
    const started = performance.now();
    await http.axiosRef.get(world.url);
    expect(performance.now() - started).toBeGreaterThanOrEqual(990);
  });

  it('leaves a long Retry-After to the caller', async () => {
    world.answers(refusesWith(503, { 'Retry-After': '60' }));
    await failure(http.axiosRef.get(world.url));
    expect(world.requests).toHaveLength(1);
  });
});

describe('cancelling', () => {
  beforeEach(() => {
    http = createPiHttp({ timeoutMs: 5_000 });
  });

  it.each([
    ['before it starts', { body: 'ok' }, 0],
    ['while Pi thinks', () => undefined, 30],
    ['during the wait for a repetition', { status: 503, headers: { 'Retry-After': '4' } }, 60],
  ])('ends a call %s', async (_, stage, afterMs) => {
    world.answers(stage);
    const started = performance.now();
    const controller = new AbortController();
    if (afterMs === 0) controller.abort();
    else setTimeout(() => controller.abort(), afterMs);
    expect(await failure(http.axiosRef.get(world.url, { signal: controller.signal }))).toMatchObject({
      code: 'ERR_CANCELED',
    });
    expect(performance.now() - started).toBeLessThan(1_500);
  });

  it('closes the connection when nobody waits for the Observable any more', async () => {
    const closed = new Promise((resolve) => world.answers((request) => void request.socket.on('close', resolve)));
    const subscription = http.get(world.url).subscribe();
    while (world.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    subscription.unsubscribe();
    await expect(closed).resolves.toBe(false);
  });
});

describe('connections', () => {
  it('are at most as many as configured', async () => {
    http = createPiHttp({ connections: 2 });
    let most = 0;
    let open = 0;
    world.answers((_, response) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        response.end('{}');
      }, 15);
    });
    await Promise.all(Array.from({ length: 10 }, () => http.axiosRef.get(world.url)));
    expect(most).toBe(2);
  });

  it('are all closed by close(), which waits for the call in flight', async () => {
    http = createPiHttp();
    world.answers((_, response) => void setTimeout(() => response.end('{"late":true}'), 80));
    const call = http.axiosRef.get(world.url);
    while (world.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await http.close();
    await expect(call).resolves.toMatchObject({ data: { late: true } });
    await until(() => world.connections === 0);
  });

  it('can still be made after close(), each for one call: a draining service may have something to finish', async () => {
    http = createPiHttp();
    await http.close();
    world.answers({ status: 503, body: {} }, { body: { done: true } });
    await expect(http.axiosRef.get(world.url)).resolves.toMatchObject({ data: { done: true } });
    await until(() => world.connections === 0);
  });
});

describe('a proxy of the environment', () => {
  let proxy: Server;
  let seen: string[];
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    seen = [];
    proxy = createServer();
    proxy.on('connect', (request, client: Socket) => {
      seen.push(request.url ?? '');
      const [host, port] = (request.url ?? '').split(':');
      const upstream = connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
      for (const socket of [client, upstream]) sockets.add(socket.on('error', () => socket.destroy()) as Socket);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    process.env['HTTP_PROXY'] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    http = createPiHttp();
  });
  afterEach(async () => {
    for (const name of ['HTTP_PROXY', 'http_proxy', 'NO_PROXY', 'no_proxy']) delete process.env[name];
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => proxy.close(resolve));
  });

  it('is used', async () => {
    world.answers({ body: 'ok' });
    await http.axiosRef.get(world.url);
    expect(seen).toEqual([new URL(world.url).host]);
  });

  it.each([
    ['HTTP_PROXY', 'http_proxy'],
    ['http_proxy', 'HTTP_PROXY'],
  ])('is used where %s is there, but empty, as compose files leave it', async (empty, full) => {
    const url = process.env['HTTP_PROXY'];
    process.env[empty] = '';
    process.env[full] = url;
    world.answers({ body: 'ok' });
    await http.axiosRef.get(world.url);
    expect(seen).toEqual([new URL(world.url).host]);
  });

  it('is not used for hosts of NO_PROXY', async () => {
    process.env['NO_PROXY'] = '127.0.0.1';
    world.answers({ body: 'ok' });
    await http.axiosRef.get(world.url);
    expect(seen).toEqual([]);
    expect(world.requests).toHaveLength(1);
  });
});

it('keeps keys out of errors, however they are printed', async () => {
  http = createPiHttp({ timeoutMs: 100, retries: 0 });
  const { inspect } = await import('node:util');
  const config = { headers: { Authorization: 'Key s3cret' } };
  for (const stage of [hangUp, () => undefined, { status: 500, body: {} }, { status: 302, body: {} }]) {
    world.answers(stage);
    const error = await failure(http.axiosRef.post(world.url, 's3cret', config));
    expect(inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error)).not.toContain('s3cret');
  }
});

function hangUp(request: { socket: Socket }): void {
  request.socket.destroy();
}

function drip(response: { write(text: string): unknown; on(event: 'close', listener: () => void): unknown }): void {
  const timer = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(timer));
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(condition()).toBe(true);
}
