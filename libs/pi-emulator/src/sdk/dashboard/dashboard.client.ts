/// <reference lib="dom" />
import type { Overview } from './overview.js';

/** Draws the dashboard and keeps it fresh. Serialised into the page: uses nothing outside itself. */
export function runDashboard(): void {
  type Child = Node | string;
  const find = (id: string) => document.getElementById(id) as HTMLElement;
  let drawn = '';

  function h(tag: string, attributes: Record<string, string> = {}, ...children: Child[]): HTMLElement {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }
  const short = (text: string) => (text.length > 14 ? `${text.slice(0, 6)}…${text.slice(-4)}` : text);
  const code = (text: string) => h('code', { title: text }, short(text));
  const tag = (text: string, tone = '') => h('span', { class: `tag ${tone}` }, text);
  /** `1000002.5000000` reads better as `1000002.5 π`. */
  const pi = (amount: string) => `${amount.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')} π`;
  const time = (iso: string) => iso.slice(11, 19);

  async function call(method: string, path: string, body?: object): Promise<void> {
    const response = await fetch(`/_emulator${path}`, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (response.ok) return refresh();
    const answer: { message?: string } = await response.json().catch(() => ({}));
    say(answer.message ?? `The emulator answered ${response.status}.`);
  }
  function say(text: string): void {
    find('message').textContent = text;
    setTimeout(() => find('message').textContent === text && (find('message').textContent = ''), 8_000);
  }
  function button(label: string, testId: string, act: () => Promise<void>): HTMLElement {
    const node = h('button', { type: 'button', 'data-testid': testId }, label);
    node.addEventListener('click', () => void act().catch((error: Error) => say(error.message)));
    return node;
  }
  function table(id: string, heads: string[], rows: Child[][], empty: string): void {
    const body = rows.map((cells) => h('tr', {}, ...cells.map((cell) => h('td', {}, cell))));
    find(id).replaceChildren(
      rows.length === 0
        ? h('p', { class: 'empty' }, empty)
        : h(
            'table',
            {},
            h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', {}, head)))),
            h('tbody', {}, ...body),
          ),
    );
  }
  const group = (...children: Child[]) => h('span', { class: 'group' }, ...children);

  type Payment = Overview['payments'][number];
  function stateOf({ status, transaction }: Payment): HTMLElement {
    if (status.developer_completed) return tag('completed', 'good');
    if (status.user_cancelled) return tag('cancelled by user', 'warn');
    if (status.cancelled) return tag('cancelled', 'warn');
    if (transaction) return tag('paid', 'busy');
    return status.developer_approved ? tag('approved', 'busy') : tag('created');
  }
  function actionsOf({ identifier, status, transaction, direction }: Payment): HTMLElement {
    const isOpen = !status.developer_completed && !status.cancelled && !status.user_cancelled && !transaction;
    if (direction !== 'user_to_app' || !isOpen) return group();
    const path = `/payments/${identifier}`;
    return group(
      ...(status.developer_approved
        ? [button('Sign', `sign-${identifier}`, () => call('POST', `${path}/sign`, { wait: false }))]
        : []),
      button('Cancel', `cancel-${identifier}`, () => call('POST', `${path}/user_cancel`)),
    );
  }

  function draw(world: Overview): void {
    const names = new Map(world.pioneers.map(({ uid, username }) => [uid, username]));
    const who = (uid: string): Child => names.get(uid) ?? code(uid);
    find('network').textContent = world.app.network;
    find('ledger').textContent = `ledger ${world.ledger.sequence}`;
    find('pace').textContent = world.ledger.ms === 'manual' ? 'closed by hand' : `every ${world.ledger.ms / 1_000} s`;
    find('app').replaceChildren(
      h('dt', {}, 'API key'),
      h('dd', {}, h('code', {}, world.app.apiKey)),
      h('dt', {}, 'App id'),
      h('dd', {}, h('code', {}, world.app.appId)),
      ...world.app.wallets.flatMap(({ address, balance }) => [
        h('dt', {}, 'App wallet'),
        h('dd', {}, h('code', {}, address), ` ${pi(balance)}`),
      ]),
      h('dt', {}, 'Browser SDK'),
      h('dd', {}, h('code', {}, `${world.app.url}/pi-sdk.js`)),
    );
    table(
      'payments',
      ['Pioneer', 'Amount', 'Memo', 'State', 'Payment', ''],
      world.payments.map((payment) => [
        group(payment.direction === 'user_to_app' ? '→ ' : '← ', who(payment.user_uid)),
        `${payment.amount} π`,
        payment.memo,
        stateOf(payment),
        code(payment.identifier),
        actionsOf(payment),
      ]),
      'No payments yet.',
    );
    table(
      'pioneers',
      ['Pioneer', 'Balance', 'Scopes', 'uid', 'Wallet'],
      world.pioneers.map((pioneer) => [
        pioneer.username,
        pi(pioneer.balance),
        pioneer.scopes.join(', '),
        code(pioneer.uid),
        code(pioneer.walletAddress),
      ]),
      'No Pioneers yet: sign in to the app, or make one here.',
    );
    table(
      'ads',
      ['Pioneer', 'Ad', 'Status', ''],
      world.ads.map(({ adId, uid, status }) => [
        who(uid),
        code(adId),
        tag(status ?? 'undecided', status === 'granted' ? 'good' : 'warn'),
        group(
          ...(['granted', 'revoked', 'failed'] as const)
            .filter((next) => next !== status)
            .map((next) => button(next, `ad-${next}-${adId}`, () => call('PATCH', `/ads/${adId}`, { status: next }))),
        ),
      ]),
      'No ads were watched.',
    );
    table(
      'transactions',
      ['Ledger', 'Hash', 'Result', 'From → to', 'Amount', 'Memo'],
      world.transactions.map((transaction) => {
        const [operation] = transaction.operations;
        return [
          String(transaction.ledger),
          code(transaction.hash),
          tag(transaction.successful ? 'applied' : transaction.resultCode, transaction.successful ? 'good' : 'bad'),
          group(code(operation?.source ?? transaction.sourceAccount), ' → ', code(operation?.destination ?? '')),
          operation?.amount ? pi(operation.amount) : '',
          code(transaction.memo ?? ''),
        ];
      }),
      'Nothing has applied yet.',
    );
    table(
      'faults',
      ['Fault', 'Requests', 'Hits', 'Left'],
      world.faults.map((fault) => [
        fault.fault,
        `${fault.match?.method ?? 'any'} ${fault.match?.path ?? '*'}`,
        String(fault.hits),
        fault.times === undefined ? 'until cleared' : String(fault.times - fault.hits),
      ]),
      'All is well.',
    );
    table(
      'journal',
      ['Time', 'Request', 'Answer', 'ms', 'Fault'],
      world.journal.map(({ time: at, method, url, status, durationMs, fault }) => [
        time(at),
        group(h('b', {}, method), ' ', url),
        status === null
          ? tag('none', 'bad')
          : tag(String(status), status < 400 ? 'good' : status < 500 ? 'warn' : 'bad'),
        durationMs === null ? '' : String(durationMs),
        fault ?? '',
      ]),
      'No requests yet.',
    );
  }

  async function refresh(): Promise<void> {
    try {
      const response = await fetch('/_emulator/overview');
      const text = await response.text();
      if (!response.ok) throw new Error(text);
      find('live').className = 'live';
      // Redrawn only when something happened, so that a click never hits a button that was just replaced.
      if (text === drawn) return;
      drawn = text;
      draw(JSON.parse(text) as Overview);
    } catch {
      find('live').className = 'live off';
    }
  }

  const on = (id: string, event: string, act: (event: Event) => Promise<void>) =>
    find(id).addEventListener(event, (happened) => {
      happened.preventDefault();
      void act(happened).catch((error: Error) => say(error.message));
    });
  const valueOf = (id: string) => (find(id) as HTMLInputElement).value.trim();
  on('close-ledger', 'click', () => call('POST', '/ledgers/close'));
  on('clear-faults', 'click', () => call('DELETE', '/faults'));
  on('new-pioneer', 'submit', () =>
    call('POST', '/pioneers', valueOf('username') ? { username: valueOf('username') } : {}).then(() => {
      (find('username') as HTMLInputElement).value = '';
    }),
  );
  on('new-fault', 'submit', () =>
    call('POST', '/faults', {
      match: { ...(valueOf('fault-path') && { path: valueOf('fault-path') }) },
      fault: valueOf('fault-kind'),
      ...(valueOf('fault-times') && { times: Number(valueOf('fault-times')) }),
    }),
  );
  void refresh();
  setInterval(() => document.visibilityState === 'visible' && void refresh(), 1_000);
}
