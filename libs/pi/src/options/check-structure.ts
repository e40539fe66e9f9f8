import { isPlain, OPTIONS, STRUCTURAL, suggest } from './check-names.js';
import { shown } from './problems.js';
import type { Problems } from './problems.js';

const FACTORY = ['imports', 'inject', 'useFactory', 'useClass', 'useExisting'];

/** Options that decide what Nest builds have to stand beside the factory, and all others in what it returns. */
export function checkStructure(given: object, beside: object, problems: Problems): void {
  for (const name of STRUCTURAL.filter((structural) => structural in given)) {
    problems.add(
      `\`${name}\` came out of the options factory, which is too late: it decides what Nest builds.`,
      `Put it beside the factory: PiModule.forRootAsync({ ${name}: …, useFactory: … }).`,
    );
  }
  for (const [name, value] of Object.entries(beside)) {
    if (value === undefined || STRUCTURAL.includes(name)) continue;
    if (OPTIONS.includes(name)) {
      problems.add(
        `\`${name}\` stands beside the options factory, where nothing reads it.`,
        `Return it from the factory: PiModule.forRootAsync({ useFactory: () => ({ ${name}: …, … }) }).`,
      );
    } else {
      problems.add(`\`${name}\` is no option.`, suggest(name, '', [...STRUCTURAL, ...FACTORY]));
    }
  }
  checkPaymentsController((beside as { paymentsController?: unknown }).paymentsController, problems);
}

function checkPaymentsController(given: unknown, problems: Problems): void {
  if (given === undefined || typeof given === 'boolean') return;
  if (isPlain(given) && Object.keys(given).every((name) => name === 'path') && typeof pathOf(given) === 'string')
    return;
  problems.add(
    `\`paymentsController\` is ${isPlain(given) ? `{ ${Object.keys(given).join(', ')} }` : shown(given)}.`,
    "Use true, which mounts it at pi_payment, or { path: 'payments' }.",
  );
}

const pathOf = (given: object): unknown => (given as { path?: unknown }).path;
