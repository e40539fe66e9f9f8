import { runDashboard } from './dashboard.client.js';

const STYLES = `
:root { color-scheme: light dark; --ink: #1d1330; --quiet: #6d6580; --line: #e6e1ee; --paper: #f7f5fa; --card: #fff; --accent: #6b3fa0; --good: #17784b; --warn: #96590a; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #f0ebf8; --quiet: #a79dbb; --line: #362c4a; --paper: #140f1d; --card: #1d1629; --accent: #b38be0; --good: #6fd6a4; --warn: #f0b35c; --bad: #ff9a92; } }
* { box-sizing: border-box; }
body { margin: 0; font: 14px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; color: var(--ink); background: var(--paper); }
header { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; align-items: center; gap: .4rem .9rem; padding: .7rem 1.2rem; background: var(--card); border-bottom: 1px solid var(--line); }
h1 { display: flex; align-items: center; gap: .55rem; margin: 0 auto 0 0; font-size: 1.1rem; }
.mark { display: grid; place-items: center; width: 1.9rem; height: 1.9rem; border-radius: 50%; background: linear-gradient(135deg, #6b3fa0, #3d1f66); color: #f6ba3b; font: 700 1.15rem/1 Georgia, serif; }
main { display: grid; gap: 1rem; padding: 1.2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 34rem), 1fr)); max-width: 92rem; margin: 0 auto; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 16px; padding: 1rem 1.1rem; min-width: 0; }
section.wide { grid-column: 1 / -1; }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; margin-bottom: .5rem; }
h2 { margin: 0 auto 0 0; font-size: 1rem; }
.scroll { overflow: auto; max-height: 21rem; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; color: var(--quiet); font-weight: 500; font-size: .82rem; position: sticky; top: 0; background: var(--card); }
th, td { padding: .32rem .8rem .32rem 0; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap; }
td:nth-child(3) { white-space: normal; overflow-wrap: anywhere; }
#journal td:nth-child(2) { white-space: normal; overflow-wrap: anywhere; }
code { font: .9em ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; margin: 0; }
dt { color: var(--quiet); } dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.tag { font-size: .8rem; font-weight: 600; padding: .05rem .5rem; border-radius: 99px; color: var(--quiet); background: color-mix(in srgb, currentcolor 13%, transparent); }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); } .busy { color: var(--accent); }
.group { display: inline-flex; gap: .35rem; flex-wrap: wrap; }
button, input, select { font: inherit; color: inherit; border: 1px solid var(--line); border-radius: 9px; padding: .22rem .65rem; background: transparent; min-height: 2rem; }
button { font-weight: 600; cursor: pointer; color: var(--accent); }
button.main { background: var(--accent); color: var(--card); border-color: transparent; }
button:hover { filter: brightness(1.1); background-color: color-mix(in srgb, var(--accent) 10%, transparent); }
button.main:hover { background: var(--accent); }
:focus-visible { outline: 3px solid color-mix(in srgb, var(--accent) 45%, transparent); outline-offset: 1px; }
form { display: flex; flex-wrap: wrap; gap: .4rem; }
.empty { color: var(--quiet); margin: .3rem 0; }
.live { width: .6rem; height: .6rem; border-radius: 50%; background: var(--good); } .live.off { background: var(--bad); }
#message { position: fixed; inset: auto 0 1rem; margin: auto; width: fit-content; max-width: 90vw; background: var(--bad); color: var(--card); padding: .6rem 1rem; border-radius: 12px; } #message:empty { display: none; }
`;

const BODY = `
<header>
  <h1><span class="mark" aria-hidden="true">π</span>Pi Emulator</h1>
  <span class="tag" id="network"></span>
  <span><b id="ledger" data-testid="ledger"></b> <span class="tag" id="pace"></span></span>
  <button type="button" class="main" id="close-ledger" data-testid="close-ledger">Close a ledger</button>
  <span id="live" class="live" title="Connected to the emulator when green"></span>
</header>
<main>
  <section class="wide"><div class="head"><h2>Payments</h2></div><div class="scroll" id="payments"></div></section>
  <section>
    <div class="head"><h2>Pioneers</h2>
      <form id="new-pioneer"><input id="username" aria-label="Username" placeholder="username" size="14" maxlength="40" autocomplete="off"><button type="submit" data-testid="new-pioneer">New Pioneer</button></form>
    </div>
    <div class="scroll" id="pioneers"></div>
  </section>
  <section><div class="head"><h2>Ads</h2></div><div class="scroll" id="ads"></div></section>
  <section class="wide"><div class="head"><h2>Chain</h2></div><div class="scroll" id="transactions"></div></section>
  <section>
    <div class="head"><h2>Faults</h2>
      <form id="new-fault">
        <input id="fault-path" aria-label="Path" placeholder="/v2/payments/*" size="16" autocomplete="off">
        <select id="fault-kind" aria-label="Fault"><option>error</option><option>latency</option><option>drop_before</option><option>drop_after</option><option>malformed</option></select>
        <input id="fault-times" type="number" min="1" aria-label="How often" placeholder="times" style="width:5.5rem">
        <button type="submit" data-testid="new-fault">Add</button>
        <button type="button" id="clear-faults" data-testid="clear-faults">Clear all</button>
      </form>
    </div>
    <div class="scroll" id="faults"></div>
  </section>
  <section><div class="head"><h2>App</h2></div><dl id="app"></dl></section>
  <section class="wide"><div class="head"><h2>Requests</h2></div><div class="scroll" id="journal"></div></section>
</main>
<div id="message" role="alert"></div>
`;

/** The dashboard, whole: styles and script inside, nothing loaded from elsewhere. */
export function dashboardPage(): string {
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>Pi Emulator</title><style>${STYLES}</style></head>`,
    `<body>${BODY}<script>(${String(runDashboard)})();</script></body></html>`,
  ].join('\n');
}
