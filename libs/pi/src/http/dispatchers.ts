import type { Dispatcher } from 'undici';

type Undici = typeof import('undici');

/**
 * Connections: one undici `Pool` per origin, or the proxies of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` where the environment names any.
 * undici is loaded when the first one is made, not when the library is imported.
 */
export class PiDispatchers {
  private undici: Undici | undefined;
  private proxy: Dispatcher | undefined;
  private readonly pools = new Map<string, Dispatcher>();
  private closing: Promise<void> | undefined;

  constructor(private readonly connections: number) {}

  /** Resolved at once when it is known; a promise the first time only. */
  of(origin: string): Dispatcher | Promise<Dispatcher> {
    return this.pools.get(origin) ?? this.open(origin);
  }

  /**
   * Waits for the calls in flight, and leaves no connection open. A call that still comes afterwards (a service that drains in the same
   * shutdown hook) gets a connection of its own, which ends with its answer.
   */
  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    // A proxy stands for several origins.
    const open = new Set(this.pools.values());
    this.pools.clear();
    this.proxy = undefined;
    await Promise.all([...open].map((dispatcher) => dispatcher.close()));
  }

  private async open(origin: string): Promise<Dispatcher> {
    this.undici ??= await import('undici');
    if (this.closing) return this.single(this.undici, origin);
    const known = this.pools.get(origin);
    if (known) return known;
    const dispatcher = this.connect(this.undici, origin);
    this.pools.set(origin, dispatcher);
    return dispatcher;
  }

  private connect(undici: Undici, origin: string): Dispatcher {
    const proxies = proxiesOfEnvironment();
    if (!proxies) return new undici.Pool(origin, { connections: this.connections });
    this.proxy ??= new undici.EnvHttpProxyAgent({ ...proxies, connections: this.connections });
    return this.proxy;
  }

  private single(undici: Undici, origin: string): Dispatcher {
    const proxies = proxiesOfEnvironment();
    const dispatcher = proxies
      ? new undici.EnvHttpProxyAgent({ ...proxies, connections: 1 })
      : new undici.Pool(origin, { connections: 1 });
    // close() lets the request that was just queued finish, then ends the connection.
    setImmediate(() => void dispatcher.close());
    return dispatcher;
  }
}

interface Proxies {
  httpProxy?: string;
  httpsProxy?: string;
  noProxy?: string;
}

/** Undefined where the environment names none. */
function proxiesOfEnvironment(): Proxies | undefined {
  const [httpProxy, httpsProxy, noProxy] = [setting('http_proxy'), setting('https_proxy'), setting('no_proxy')];
  if (!httpProxy && !httpsProxy) return undefined;
  return { ...(httpProxy && { httpProxy }), ...(httpsProxy && { httpsProxy }), ...(noProxy && { noProxy }) };
}

/** An empty variable is not set, as compose files leave it: it does not hide the other spelling, which undici would let it do. */
function setting(name: string): string | undefined {
  return process.env[name] || process.env[name.toUpperCase()] || undefined;
}
