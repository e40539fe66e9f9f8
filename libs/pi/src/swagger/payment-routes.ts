import type { OpenAPIObject } from '@nestjs/swagger';
import { PAYMENT_ID, TXID } from '../payments/payment-callback.body.js';
import { PAYMENT_STATES } from '../payments/payment-state.js';
import { errorSchema, header } from './error-answers.js';

export interface PiPaymentRoutesOptions {
  /** As given to `paymentsController`, with the app's global prefix if it has one. Default: `pi_payment`. */
  path?: string;
}

type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>;
type Responses = Operation['responses'];

const PAYMENT = {
  type: 'string',
  pattern: PAYMENT_ID.source,
  description: 'What `Pi.createPayment()` answered.',
} as const;
const TRANSACTION = {
  type: 'string',
  pattern: TXID.source,
  description: 'The transaction the Pioneer signed.',
} as const;

const json = (schema: object) => ({ 'application/json': { schema } });
const refusal = (description: string, errorCode: string) => ({ description, content: json(errorSchema(errorCode)) });

const OWNER: Responses = {
  401: {
    ...refusal('No access token, or Pi refuses it.', 'PI_TOKEN_REFUSED'),
    headers: { 'WWW-Authenticate': header('`Bearer`, with `error="invalid_token"` when a token was sent.') },
  },
  422: refusal('The app refuses the payment; the message says why.', 'PI_PAYMENT_REFUSED'),
};

/** What each callback of Pi's browser SDK sends. */
const ROUTES: Record<string, { summary: string; body: object; required?: string[]; responses?: Responses }> = {
  approve: {
    summary: 'onReadyForServerApproval: the app looks at the payment and tells Pi that it may be signed.',
    body: { accessToken: { type: 'string', description: 'Of the owner; or send it as `Authorization: Bearer`.' } },
    responses: OWNER,
  },
  complete: {
    summary: 'onReadyForServerCompletion: the transaction is looked up on the chain, Pi is told, the app delivers.',
    body: { transactionId: TRANSACTION },
    required: ['transactionId'],
  },
  cancel: { summary: 'onCancel: what Pi says of the payment is noted.', body: {} },
  error: { summary: 'onError: it is noted and logged.', body: { error: {} } },
  incomplete: {
    summary: 'onIncompletePaymentFound: what was paid is completed and delivered.',
    body: { transactionId: { ...TRANSACTION, nullable: true } },
  },
};

/**
 * Adds bodies and answers of the routes of `paymentsController` to a document. They are not decorated in the library, which
 * does without `@nestjs/swagger`.
 *
 * @example
 * SwaggerModule.setup('docs', app, () => addPiPayments(SwaggerModule.createDocument(app, config)));
 */
export function addPiPayments(
  document: OpenAPIObject,
  { path = 'pi_payment' }: PiPaymentRoutesOptions = {},
): OpenAPIObject {
  const base = `/${path.replaceAll(/^\/+|\/+$/g, '')}`;
  const paths = { ...document.paths };
  for (const [name, { summary, body, required = [], responses }] of Object.entries(ROUTES)) {
    const route = paths[`${base}/${name}`];
    if (!route?.post) continue;
    const schema = {
      type: 'object',
      required: ['paymentId', ...required],
      properties: { paymentId: PAYMENT, ...body },
    };
    const described = {
      ...route.post,
      tags: ['pi payments'],
      summary,
      parameters: [],
      requestBody: { required: true, content: json(schema) },
      responses: { ...ANSWERS, ...responses },
    };
    paths[`${base}/${name}`] = { ...route, post: described as Operation };
  }
  return { ...document, paths };
}

const ANSWERS: Responses = {
  200: {
    description: 'How far the payment has come.',
    content: json({
      type: 'object',
      required: ['paymentId', 'status'],
      properties: { paymentId: PAYMENT, status: { type: 'string', enum: [...PAYMENT_STATES] } },
    }),
  },
  400: refusal('The body is not of this shape.', 'PI_BAD_REQUEST'),
  404: refusal('This app has no such payment.', 'PI_PAYMENT_NOT_FOUND'),
  409: refusal('The payment is in no state for this, or the transaction does not pay it.', 'PI_PAYMENT_MISMATCH'),
  503: {
    ...refusal('Pi cannot be asked at the moment. The same request may succeed later.', 'PI_UNAVAILABLE'),
    headers: { 'Retry-After': header('Seconds to wait.') },
  },
};
