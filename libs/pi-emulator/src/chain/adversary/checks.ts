import { EmulatorError } from '../../emulator-error.js';
import { refuseUnknown } from '../../known-fields.js';
import type { ResetOptions } from '../chain.js';
import type { HideRule, ReadRule, SubmitRule } from './adversary.js';
import type { BumpSequence, Dust, LookAlike, UseSequence } from './foreign.js';
import type { ReplicaRule } from './replicas.js';

const TRANSACTION_FATES = ['now', 'never', 'wrapped'];
const SUBMIT_ANSWERS = ['normal', 'timeout', 'timeout_with_hash', 'lost', 'refused', 'rate_limited', 'error'];
const READ_ANSWERS = ['not_found', 'rate_limited', 'error', 'lost'];

/** Checks of what adversaries are told, before anything changes. @throws EmulatorError naming what is wrong and what it takes */
export function checkSubmitRule(rule: SubmitRule): void {
  refuseUnknown<SubmitRule>('A submit rule', rule, {
    times: true,
    account: true,
    hash: true,
    apply: true,
    answer: true,
    afterApplied: true,
    delayMs: true,
    status: true,
  });
  const { apply = 'now', answer = 'normal' } = rule;
  if (typeof apply === 'number') checkWhole('apply', apply, 0);
  else checkOneOf('apply', apply, TRANSACTION_FATES, ' or a number of ledgers');
  checkOneOf('answer', answer, SUBMIT_ANSWERS);
  checkAnswering(rule);
}

export function checkReadRule(rule: ReadRule): void {
  refuseUnknown<ReadRule>('A read rule', rule, {
    path: true,
    pattern: true,
    times: true,
    answer: true,
    delayMs: true,
    status: true,
  });
  checkOneOf('answer', rule.answer, READ_ANSWERS);
  checkPattern(rule.pattern);
  checkAnswering(rule);
}

export function checkReplicaRule(rule: ReplicaRule): void {
  refuseUnknown<ReplicaRule>('A rule of replicas', rule, {
    path: true,
    pattern: true,
    lags: true,
    pick: true,
    seed: true,
  });
  const { lags, pick = 'once', pattern } = rule;
  if (!Array.isArray(lags) || lags.length === 0 || lags.some((lag) => !Number.isInteger(lag) || lag < 0))
    refuse(`lags is ${JSON.stringify(lags)}: give a list of whole numbers of ledgers, 0 or more.`);
  checkOneOf('pick', pick, ['once', 'cycle', 'random']);
  checkPattern(pattern);
}

export function checkHideRule(rule: HideRule): void {
  refuseUnknown<HideRule>('A rule that hides', rule, { hash: true, times: true, listings: true });
  if (rule.times !== undefined) checkWhole('times', rule.times, 1);
  if (rule.listings && rule.hash === undefined) refuse('listings needs a hash: which transaction to leave out.');
}

export function checkUseSequence(options: UseSequence): void {
  refuseUnknown<UseSequence>('useSequence', options, { secret: true, outcome: true });
  checkOneOf('outcome', options.outcome ?? 'success', ['success', 'failed']);
}

export function checkBumpSequence(options: BumpSequence): void {
  refuseUnknown<BumpSequence>('bumpSequence', options, { secret: true, by: true, to: true });
  if (options.by !== undefined) checkWhole('by', options.by, 1);
}

export function checkDust(options: Dust): void {
  refuseUnknown<Dust>('dust', options, { to: true, memo: true, stroops: true });
}

export function checkLookAlike(options: LookAlike): void {
  refuseUnknown<LookAlike>('lookAlike', options, { wallet: true, memo: true, stroops: true, sequence: true });
}

export function checkReset(options: ResetOptions): void {
  refuseUnknown<ResetOptions>('A reset of the chain', options, { accounts: true, genesis: true });
  checkOneOf('accounts', options.accounts ?? 'gone', ['gone', 'refunded']);
}

/** @throws EmulatorError when it is no whole number from `least` up */
export function checkWhole(field: string, value: unknown, least: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least)
    refuse(`${field} is ${JSON.stringify(value)}: give a whole number, ${least} or more.`);
}

function checkAnswering({ times = 1, delayMs, status }: Pick<ReadRule, 'times' | 'delayMs' | 'status'>): void {
  checkWhole('times', times, 1);
  if (delayMs !== undefined) checkWhole('delayMs', delayMs, 0);
  if (status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 599))
    refuse(`status is ${JSON.stringify(status)}: give an HTTP status from 200 to 599.`);
}

function checkPattern(pattern: string | undefined): void {
  try {
    if (pattern !== undefined) RegExp(pattern);
  } catch (error) {
    refuse(`pattern is no regular expression: ${(error as Error).message}.`);
  }
}

function checkOneOf(field: string, value: unknown, known: readonly string[], besides = ''): void {
  if (!known.includes(value as string))
    refuse(`${field} is ${JSON.stringify(value)}: give one of ${known.join(', ')}${besides}.`);
}

function refuse(problem: string): never {
  throw new EmulatorError('invalid_arguments', problem);
}
