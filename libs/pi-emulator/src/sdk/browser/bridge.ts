/// <reference lib="dom" />
import type { Bridge, SdkConfig, SdkRefusal } from './types.js';

/** Talks to the emulator the script came from, as the signed-in Pioneer. Serialised into /pi-sdk.js: uses nothing outside itself. */
export function createBridge(config: SdkConfig): Bridge {
  let accessToken: string | undefined;

  async function call<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
    const headers: Record<string, string> = {};
    if (body) headers['content-type'] = 'application/json';
    if (accessToken) headers['authorization'] = `Bearer ${accessToken}`;
    let response: Response;
    try {
      response = await fetch(`${config.origin}/_emulator/sdk${path}`, {
        method,
        headers,
        ...(body && { body: JSON.stringify(body) }),
      });
    } catch {
      throw new Error(`pi-emulator cannot be reached at ${config.origin}. Is it still running?`);
    }
    const answer: Record<string, unknown> = await response.json().catch(() => ({}));
    if (response.ok) return answer as T;
    const message = answer['message'] ?? answer['error'] ?? `pi-emulator answered ${response.status}`;
    const refusal: SdkRefusal = new Error(String(message));
    throw Object.assign(refusal, { code: answer['error'], payment: answer['payment'] });
  }

  const paymentPath = (id: string) => `/payments/${encodeURIComponent(id)}`;
  return {
    pioneers: () => call('GET', '/pioneers'),
    async signIn(choice, scopes) {
      accessToken = undefined;
      const session = await call<Awaited<ReturnType<Bridge['signIn']>>>('POST', '/sessions', { ...choice, scopes });
      accessToken = session.accessToken;
      return session;
    },
    createPayment: (data) => call('POST', '/payments', data),
    payment: (id) => call('GET', paymentPath(id)),
    sign: (id) => call('POST', `${paymentPath(id)}/sign`),
    cancel: (id) => call('POST', `${paymentPath(id)}/user_cancel`),
    createAd: (status) => call('POST', '/ads', { status }),
  };
}
