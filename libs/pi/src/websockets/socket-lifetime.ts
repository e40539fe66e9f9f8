import type { PiAuthService } from '../auth/pi-auth.service.js';
import type { Pioneer } from '../auth/pioneer.js';
import { PiTokenRefusedError } from '../errors/pi-token-refused-error.js';

/** The longest a timer of Node can wait. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface PiSocketOptions {
  /** Which Pi app's tokens count, when the process serves several. Default: the unnamed one. */
  app?: string;
  /** How often an open socket's token is checked again, in milliseconds; cached answers count. Default: 60,000. */
  recheckMs?: number;
}

/**
 * Ends a socket when its token does: at `validUntil`, on `forget`, or when Pi refuses it at a later check. While Pi cannot be asked
 * the socket stays.
 *
 * @returns lets go, for when the socket has closed by itself.
 */
export function endWithToken(
  auth: PiAuthService,
  token: string,
  { validUntil }: Pioneer,
  end: (reason: PiTokenRefusedError) => void,
  { recheckMs = 60_000 }: PiSocketOptions = {},
): () => void {
  const finish = (reason: PiTokenRefusedError) => {
    letGo();
    end(reason);
  };
  const look = async () => {
    const leftMs = +validUntil - Date.now();
    if (leftMs <= 0) return finish(new PiTokenRefusedError('expired'));
    const refusal = await auth.verify(token).then(
      () => undefined,
      (error: unknown) => (error instanceof PiTokenRefusedError ? error : undefined),
    );
    if (refusal && watching) finish(refusal);
    else if (watching) arm();
  };
  const arm = () => {
    const leftMs = Math.max(0, +validUntil - Date.now());
    timer = setTimeout(() => void look(), Math.min(leftMs, recheckMs, LONGEST_TIMER_MS)).unref();
  };
  let watching = true;
  let timer: NodeJS.Timeout;
  const stopListening = auth.onForget(token, () => finish(new PiTokenRefusedError('refused')));
  const letGo = () => {
    watching = false;
    clearTimeout(timer);
    stopListening();
  };
  arm();
  return letGo;
}
