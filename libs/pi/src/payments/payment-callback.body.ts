import { createParamDecorator, type ExecutionContext, type PipeTransform } from '@nestjs/common';
import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import { PaymentCallbackError } from './payment-callback.error.js';

/** What a body may hold. Everything else in it is ignored: payment facts come from Pi, money facts from the chain (rule 2). */
export interface PaymentCallback {
  readonly paymentId: string;
  readonly txid?: string;
  readonly accessToken?: string;
  /** Whatever the client gave as `error`, as text. */
  readonly error: string;
}

interface RawRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body?: unknown;
}

/** Rule 1. */
export const PAYMENT_ID = /^[A-Za-z0-9]{20,64}$/;
export const TXID = /^[0-9a-f]{64}$/;
const MOST_BYTES = 16 * 1024;

/**
 * Reads the body of a callback: JSON, 16 KB at most, and of the shapes of rule 1. It stands on headers and parsed body
 * alone, which Express and Fastify have in common.
 */
export class PaymentCallbackPipe implements PipeTransform<RawRequest, PaymentCallback> {
  constructor(private readonly needs: { readonly txid: boolean }) {}

  transform({ headers, body }: RawRequest): PaymentCallback {
    // Not only a matter of order: a form of another site can send text and forms without asking, but no JSON (rule 9).
    if (!/^application\/json\s*(;|$)/i.test(String(headers['content-type'] ?? ''))) {
      throw new PaymentCallbackError(415, 'PI_UNSUPPORTED_MEDIA_TYPE', 'Send JSON, as Content-Type: application/json.');
    }
    if (isTooLarge(headers, body)) {
      throw new PaymentCallbackError(413, 'PI_PAYLOAD_TOO_LARGE', `The body is larger than ${MOST_BYTES} bytes.`);
    }
    if (body === undefined && isAnnounced(headers)) throw new PiConfigurationError([UNPARSED]);
    if (typeof body !== 'object' || body === null || Array.isArray(body)) throw wrong('The body is a JSON object.');
    return this.read(body as Record<string, unknown>);
  }

  private read({ paymentId, transactionId, accessToken, error }: Record<string, unknown>): PaymentCallback {
    if (typeof paymentId !== 'string' || !PAYMENT_ID.test(paymentId)) {
      throw wrong('"paymentId" is the identifier of a payment: 20 to 64 letters and digits.');
    }
    const txid = transactionId ?? undefined;
    if (txid === undefined ? this.needs.txid : typeof txid !== 'string' || !TXID.test(txid)) {
      throw wrong('"transactionId" is the hash of a transaction: 64 lower-case hexadecimal digits.');
    }
    return {
      paymentId,
      ...(txid !== undefined && { txid: txid as string }),
      ...(typeof accessToken === 'string' && accessToken !== '' && { accessToken }),
      error: textOf(error),
    };
  }
}

/** The request as both adapters know it, for the pipe. */
const FromRequest = createParamDecorator((_data: unknown, context: ExecutionContext): RawRequest => {
  const { headers, body } = context.switchToHttp().getRequest<RawRequest>();
  return { headers, body };
});

/** The checked body of a callback. */
export const Callback = (needs: { txid: boolean } = { txid: false }): ParameterDecorator =>
  FromRequest(undefined, new PaymentCallbackPipe(needs));

/** By what was announced, and by what arrived: a chunked body announces nothing. */
function isTooLarge(headers: RawRequest['headers'], body: unknown): boolean {
  if (Number(headers['content-length'] ?? 0) > MOST_BYTES) return true;
  try {
    return body !== undefined && Buffer.byteLength(JSON.stringify(body)) > MOST_BYTES;
  } catch {
    // Nested deeper than the stack.
    return true;
  }
}

function isAnnounced(headers: RawRequest['headers']): boolean {
  return Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;
}

const UNPARSED = {
  problem: 'PiPaymentsController got a request whose JSON body nobody has parsed',
  fix: 'leave the body parser on (NestFactory.create without `bodyParser: false`), or use one that reads application/json for these routes',
};

/** `{}` is what most errors of a browser become in JSON. */
function textOf(error: unknown): string {
  return typeof error === 'string' ? error : (JSON.stringify(error) ?? '');
}

function wrong(message: string): PaymentCallbackError {
  return new PaymentCallbackError(400, 'PI_BAD_REQUEST', message);
}
