import { setMaxListeners } from 'node:events';

/** Ends many waits at once. One listener a waiting request is no leak, as Node would say of more than ten. */
export function endOfMany(): AbortController {
  const end = new AbortController();
  setMaxListeners(0, end.signal);
  return end;
}
