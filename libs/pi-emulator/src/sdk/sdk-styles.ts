/** Styles of the SDK's dialogs; they live in a shadow DOM. */
export const SDK_STYLES = `
:host { all: initial; }
* { box-sizing: border-box; }
dialog {
  --ink: #1d1330; --quiet: #6d6580; --line: #e6e1ee; --paper: #fff; --accent: #6b3fa0; --accent-ink: #fff; --gold: #f6ba3b;
  --good: #17784b; --bad: #b3261e;
  font: 16px/1.45 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; color: var(--ink); background: var(--paper);
  border: 0; padding: 0; margin: auto auto 0; width: 100%; max-width: 440px; max-height: 92dvh; overflow: auto;
  border-radius: 22px 22px 0 0; box-shadow: 0 -8px 48px rgb(29 19 48 / .28); color-scheme: light;
}
dialog[open] { animation: rise .22s cubic-bezier(.2, .8, .3, 1); }
dialog::backdrop { background: rgb(29 19 48 / .55); }
@keyframes rise { from { transform: translateY(24px); opacity: 0; } }
@media (min-width: 560px) { dialog { margin: auto; border-radius: 22px; } }
@media (prefers-color-scheme: dark) {
  dialog { --ink: #f3eefb; --quiet: #aaa0bf; --line: #3a3050; --paper: #1d1629; --accent: #b38be0; --accent-ink: #1d1330; --good: #6fd6a4; --bad: #ff9a92; color-scheme: dark; }
}
@media (prefers-reduced-motion: reduce) { dialog, dialog * { animation-duration: .01s !important; } }
header { display: flex; align-items: center; gap: .6rem; padding: .85rem 1.25rem; border-bottom: 1px solid var(--line); font-weight: 600; }
.mark { display: grid; place-items: center; width: 1.9rem; height: 1.9rem; border-radius: 50%; background: linear-gradient(135deg, #6b3fa0, #3d1f66); color: var(--gold); font: 700 1.15rem/1 Georgia, serif; }
.badge { margin-left: auto; font-size: .75rem; font-weight: 600; color: #5a4204; background: #fdeec6; border-radius: 99px; padding: .2rem .6rem; }
.content { padding: 1.1rem 1.25rem calc(1.25rem + env(safe-area-inset-bottom)); display: grid; gap: .8rem; }
h2 { margin: 0; font-size: 1.25rem; }
p { margin: 0; }
.quiet { color: var(--quiet); font-size: .9rem; }
.scopes { margin: 0; padding: 0; list-style: none; display: grid; gap: .35rem; }
.scopes li { display: flex; gap: .55rem; align-items: baseline; }
.scopes li::before { content: '✓'; color: var(--good); font-weight: 700; }
fieldset { border: 0; margin: .2rem 0 0; padding: .9rem 0 0; border-top: 1px solid var(--line); display: grid; gap: .6rem; min-width: 0; }
legend { float: left; padding: 0; font-weight: 600; }
legend + * { clear: both; }
.pioneers { display: grid; gap: .4rem; max-height: 13.5rem; overflow: auto; margin: -4px; padding: 4px; }
.pioneers:empty { display: none; }
.pioneer { display: flex; align-items: center; gap: .7rem; padding: .5rem .7rem; border: 1.5px solid var(--line); border-radius: 14px; cursor: pointer; }
.pioneer:has(:checked) { border-color: var(--accent); background: color-mix(in srgb, var(--accent) 9%, transparent); }
.pioneer:focus-within { outline: 3px solid color-mix(in srgb, var(--accent) 40%, transparent); }
.pioneer input { position: absolute; opacity: 0; }
.avatar { display: grid; place-items: center; width: 2rem; height: 2rem; border-radius: 50%; background: color-mix(in srgb, var(--accent) 18%, transparent); color: var(--accent); font-weight: 700; }
.field { font-size: .9rem; color: var(--quiet); }
input:not([type=radio]), select { font: inherit; color: inherit; width: 100%; padding: .7rem .85rem; border: 1.5px solid var(--line); border-radius: 14px; background: transparent; }
select option { color: var(--ink); background: var(--paper); }
:is(input:not([type=radio]), select, button):focus-visible { outline: 3px solid color-mix(in srgb, var(--accent) 40%, transparent); outline-offset: 1px; }
.actions { display: grid; gap: .5rem; margin-top: .3rem; }
button { font: inherit; font-weight: 600; min-height: 3rem; border-radius: 14px; border: 1.5px solid transparent; background: transparent; color: var(--quiet); cursor: pointer; }
button.main { background: var(--accent); color: var(--accent-ink); }
button.main:disabled { opacity: .38; cursor: default; }
button:not(.main):hover { background: color-mix(in srgb, var(--ink) 6%, transparent); }
.amount { font-size: 2.6rem; font-weight: 700; line-height: 1.1; letter-spacing: -.02em; text-align: center; padding-top: .3rem; }
.unit { font: 600 1.7rem Georgia, serif; color: var(--accent); margin-left: .35rem; }
.memo { text-align: center; font-size: 1.05rem; overflow-wrap: anywhere; }
.memo + .quiet { text-align: center; }
.progress, .outcome { display: flex; align-items: center; justify-content: center; gap: .65rem; padding: .8rem; border-radius: 14px; background: color-mix(in srgb, var(--ink) 5%, transparent); }
.outcome .sign { display: grid; place-items: center; flex: none; width: 1.5rem; height: 1.5rem; border-radius: 50%; color: var(--paper); font-weight: 700; }
.good .sign { background: var(--good); }
.bad .sign { background: var(--bad); }
.spinner { width: 1.1rem; height: 1.1rem; border-radius: 50%; border: 2.5px solid color-mix(in srgb, var(--accent) 25%, transparent); border-top-color: var(--accent); animation: turn .8s linear infinite; }
@keyframes turn { to { transform: rotate(1turn); } }
code { font: .85em ui-monospace, monospace; }
.ad { position: relative; overflow: hidden; display: grid; align-content: center; gap: .4rem; min-height: 12rem; padding: 1.5rem; border-radius: 16px; color: #fff; background: radial-gradient(circle at 80% 10%, #f6ba3b, transparent 45%), linear-gradient(135deg, #6b3fa0, #2a1447); }
.ad b { font-size: 1.6rem; line-height: 1.15; }
.ad i { position: absolute; inset: auto 0 0; height: 5px; background: #f6ba3b; transform-origin: left; animation: play var(--ad-ms, 3s) linear both; }
@keyframes play { from { transform: scaleX(0); } }
`;
