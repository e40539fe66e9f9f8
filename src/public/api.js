/** Calls of the shop's own API, as the signed-in Pioneer. */

let accessToken;

export function useToken(token) {
  accessToken = token;
}

/** An answer that is not 2xx: the message is fit to be shown. */
export class ApiError extends Error {
  constructor(status, body) {
    super(body?.message ?? `The shop answered ${status}.`);
    this.status = status;
    this.code = body?.errorCode;
  }
}

/** A browser says no more than "Failed to fetch". */
async function reach(path, init) {
  try {
    return await fetch(path, init);
  } catch (cause) {
    throw new Error('The shop cannot be reached. Is it running, and are you online?', { cause });
  }
}

export async function api(method, path, { body, headers } = {}) {
  const response = await reach(path, {
    method,
    headers: {
      accept: 'application/json',
      ...(body && { 'content-type': 'application/json' }),
      ...(accessToken && { authorization: `Bearer ${accessToken}` }),
      ...headers,
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const answer = await response.json().catch(() => undefined);
  if (!response.ok) throw new ApiError(response.status, answer);
  return answer;
}
