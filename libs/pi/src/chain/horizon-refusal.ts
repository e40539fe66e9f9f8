import { PiChainError } from '../errors/pi-chain-error.js';
import type { PiError } from '../errors/pi-error.js';
import { type PiReply, unavailableStatus } from '../http/caller.js';

/** Horizon's own "not found", a problem document. Any other 404 is a wrong address, and says nothing about the chain. */
export function isMissing(reply: PiReply): boolean {
  return reply.status === 404 && problemOf(reply)?.['status'] === 404;
}

/** The error for an answer that is not 200. */
export function horizonRefusal(reply: PiReply, endpoint: string): PiError {
  const { status } = reply;
  if (status >= 500 || status === 429 || status === 408) return unavailableStatus(reply, endpoint);
  const problem = problemOf(reply);
  const words = [problem?.['title'], problem?.['detail']].filter((word) => typeof word === 'string').join(': ');
  const hint = problem ? '' : ' Check PI_HORIZON_URL (option horizonUrl).';
  return new PiChainError(
    'PI_CHAIN_REFUSED',
    `${endpoint} was refused with ${status}${words && `: ${words.slice(0, 300)}`}.${hint}`,
  );
}

export function unreadableChainAnswer(reply: PiReply, endpoint: string, problem: string): PiChainError {
  const what =
    typeof reply.data === 'string' ? 'something that is not JSON' : `something that cannot be read: ${problem}`;
  return new PiChainError('PI_CHAIN_ANSWER_UNREADABLE', `${endpoint} was answered with ${what}.`);
}

function problemOf({ data }: PiReply): Readonly<Record<string, unknown>> | undefined {
  return typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>) : undefined;
}
