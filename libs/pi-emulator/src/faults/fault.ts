import { EmulatorError } from '../emulator-error.js';
import { refuseUnknown } from '../known-fields.js';
import { pathPattern } from '../path-pattern.js';

export const FAULT_KINDS = ['latency', 'error', 'drop_before', 'drop_after', 'malformed'] as const;

/**
 * What goes wrong:
 * - `latency`: the request is served after `latencyMs`;
 * - `error`: not served; `status` (default 500) is answered, 5xx as an HTML page, 4xx as the API's own error with `code`;
 * - `drop_before`: not served; the connection breaks;
 * - `drop_after`: served, the work is done; then the connection breaks instead of the answer;
 * - `malformed`: served, the work is done; the answer is an HTML page with `status` (default 200).
 */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Something that is to go wrong with requests to the Platform API or Horizon; never with the control API. */
export interface Fault {
  /** Which requests. Empty: all. */
  match?: {
    /** `GET`, `POST`… Default: any. */
    method?: string;
    /** Beginning of the path, a pattern (`/v2/payments/:id/complete`, `/accounts/*`), or a regular expression starting with `^`. Default: any. */
    path?: string;
  };
  fault: FaultKind;
  /** How often. Default: until `clearFaults()`. */
  times?: number;
  /** Chance that a matching request is hit, above 0 up to 1. Default: 1. A request that is spared does not count in `times`. */
  probability?: number;
  /** Wait before anything else happens. Default: 0, for `latency` 1000. */
  latencyMs?: number;
  /** Status of `error` (default 500) and `malformed` (default 200). */
  status?: number;
  /** For `error` with a 4xx status: the error code in the body. Default: `unknown_error`. */
  code?: string;
  /** For `error`: seconds in a `Retry-After` header. Default: 1 with 429 and 503, else none. */
  retryAfter?: number;
}

/** A fault in force. */
export interface ActiveFault extends Fault {
  readonly id: number;
  /** Requests hit so far. */
  readonly hits: number;
}

/** Checks a fault that came from outside. @throws EmulatorError naming the field and what it takes. */
export function checkFault(fault: Fault): Fault {
  const refuse = (problem: string): never => {
    throw new EmulatorError('invalid_fault', problem);
  };
  if (typeof fault !== 'object' || fault === null || Array.isArray(fault))
    return refuse(
      'A fault is an object: { match: { method?, path? }, fault, times?, probability?, latencyMs?, status? }.',
    );
  refuseUnknown<Fault>('A fault', fault, {
    match: true,
    fault: true,
    times: true,
    probability: true,
    latencyMs: true,
    status: true,
    code: true,
    retryAfter: true,
  });
  const { match = {}, fault: kind, times, probability, latencyMs, status, code, retryAfter } = fault;
  if (!FAULT_KINDS.includes(kind)) refuse(`fault is ${JSON.stringify(kind)}: give one of ${FAULT_KINDS.join(', ')}.`);
  if (typeof match !== 'object' || match === null || Array.isArray(match))
    refuse('match is an object: { method?, path? }.');
  refuseUnknown<NonNullable<Fault['match']>>('match', match, { method: true, path: true });
  if (match.method !== undefined && !/^[a-z]+$/i.test(String(match.method)))
    refuse(`match.method is ${JSON.stringify(match.method)}: give GET, POST…`);
  if (match.path !== undefined) checkPath(match.path, refuse);
  if (times !== undefined && !(Number.isInteger(times) && times > 0))
    refuse(`times is ${JSON.stringify(times)}: give a whole number above 0, or leave it out for "until cleared".`);
  if (probability !== undefined && !(typeof probability === 'number' && probability > 0 && probability <= 1))
    refuse(`probability is ${JSON.stringify(probability)}: give a number above 0 up to 1.`);
  if (latencyMs !== undefined && !(typeof latencyMs === 'number' && latencyMs >= 0 && latencyMs <= 3_600_000))
    refuse(`latencyMs is ${JSON.stringify(latencyMs)}: give milliseconds from 0 to 3600000.`);
  if (status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 599))
    refuse(`status is ${JSON.stringify(status)}: give an HTTP status from 200 to 599.`);
  if (code !== undefined && typeof code !== 'string') refuse(`code is ${JSON.stringify(code)}: give a text.`);
  if (retryAfter !== undefined && !(typeof retryAfter === 'number' && retryAfter >= 0))
    refuse(`retryAfter is ${JSON.stringify(retryAfter)}: give seconds.`);
  return fault;
}

function checkPath(path: unknown, refuse: (problem: string) => never): void {
  if (typeof path !== 'string' || !/^[/^*]/.test(path))
    return refuse(
      `match.path is ${JSON.stringify(path)}: give a path that starts with '/', or a regular expression that starts with '^'.`,
    );
  if (path.startsWith('/_emulator')) refuse(`match.path is ${path}: the control API has no faults.`);
  try {
    pathPattern(path);
  } catch (error) {
    refuse(`match.path is no regular expression: ${(error as Error).message}.`);
  }
}
