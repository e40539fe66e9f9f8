import type { ChainState } from '../chain/chain-state.js';
import { EmulatorError } from '../emulator-error.js';
import type { EmulatedNetwork } from '../network.js';
import { isObject } from '../platform/payment-request.js';
import type { PlatformState } from '../platform/platform.js';

/** The whole emulated world as JSON. Faults and the journal of requests are no part of it. */
export interface EmulatorState {
  readonly version: 1;
  readonly network: EmulatedNetwork;
  /** How many identifiers a seed has given. */
  readonly idPosition: number;
  readonly platform: PlatformState;
  readonly chain: ChainState;
}

const LISTS = ['pioneers', 'tokens', 'payments', 'ads', 'notifications'] as const;

/** @throws EmulatorError when it is no state of an emulator of this network */
export function checkState(state: unknown, network: EmulatedNetwork): EmulatorState {
  const refuse = (problem: string): never => {
    throw new EmulatorError('invalid_state', `This is no state of a pi-emulator: ${problem}`);
  };
  if (!isObject(state)) return refuse('it is not an object.');
  if (state['version'] !== 1) refuse(`its version is ${JSON.stringify(state['version'])}, this emulator reads 1.`);
  if (state['network'] !== network)
    refuse(`it is of ${JSON.stringify(state['network'])}, this emulator is of '${network}'.`);
  if (!Number.isInteger(state['idPosition'])) refuse('idPosition is no whole number.');
  const { platform, chain } = state;
  if (!isObject(platform)) return refuse('platform is missing.');
  for (const list of LISTS) if (!Array.isArray(platform[list])) refuse(`platform.${list} is no list.`);
  if (!isObject(chain)) return refuse('chain is missing.');
  return state as unknown as EmulatorState;
}
