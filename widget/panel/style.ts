/**
 * The widget's look, in a shadow root. Rules of the site reach the host element and what inherits from it, so
 * the host begins with the initial value of everything, and that and its place are important. `all` leaves
 * out the direction, which `.root` sets.
 */
export const css = `
:host {
  all: initial !important; display: block !important; position: fixed !important;
  z-index: 2147483000 !important;
  inset: auto 20px 20px auto !important; user-select: text !important; -webkit-user-select: text !important;
}
.root {
  display: block; direction: ltr;
  --accent: #2c5f5a; --on-accent: #fff;
  --paper: #fff; --soft: #f1f4f2; --ink: #1d2523; --quiet: #5d6966; --line: #e0e6e3; --alarm: #a43d2f;
  --shadow: 0 1px 2px rgb(20 35 32 / .08), 0 18px 50px -12px rgb(20 35 32 / .28);
  --focus: color-mix(in srgb, var(--accent) 60%, var(--ink));
  color-scheme: light dark; color: var(--ink);
  font: 400 15px/1.5 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue",
  sans-serif;
  -webkit-font-smoothing: antialiased; -webkit-tap-highlight-color: transparent;
  -webkit-text-size-adjust: 100%;
}
@media (prefers-color-scheme: dark) {
  .root {
    --paper: #161b1a; --soft: #222a28; --ink: #e8edeb; --quiet: #9aa7a3; --line: #2f3836; --alarm: #f0998c;
    --shadow: 0 1px 2px rgb(0 0 0 / .4), 0 18px 50px -12px rgb(0 0 0 / .7);
    --focus: color-mix(in srgb, var(--accent) 45%, #fff);
  }
}
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
h2, p, ul, ol, pre, blockquote { margin: 0; padding: 0; }
h2 { font-size: inherit; }
button, textarea { font: inherit; color: inherit; }
button { cursor: pointer; border: 0; background: none; padding: 0; }
svg { width: 22px; height: 22px; fill: none; stroke: currentColor; stroke-width: 1.75;
  stroke-linecap: round;
  stroke-linejoin: round; display: block; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }

.launcher { position: relative; display: grid; place-items: center; width: 56px; height: 56px;
  margin-left: auto;
  border-radius: 50%; background: var(--accent); color: var(--on-accent); box-shadow: var(--shadow);
  transition: transform .16s ease; }
.launcher:hover { transform: translateY(-2px); }
.launcher svg { width: 26px; height: 26px; }
.badge { position: absolute; top: -3px; right: -3px; min-width: 20px; height: 20px; padding: 0 6px;
  border-radius: 10px;
  background: #b4462f; color: #fff; font-size: 12px; font-weight: 600; line-height: 20px;
  text-align: center; }

.panel { position: absolute; right: 0; bottom: 72px; display: flex; flex-direction: column;
  overflow: hidden;
  width: 392px; height: min(640px, calc(100vh - 112px)); height: min(640px, calc(100dvh - 112px));
  background: var(--paper); border: 1px solid var(--line); border-radius: 18px; box-shadow: var(--shadow);
  animation: rise .2s cubic-bezier(.2, .8, .3, 1); }
@keyframes rise { from { opacity: 0; transform: translateY(10px); } }
.head { display: flex; align-items: center; gap: 12px; padding: 14px 12px 14px 18px;
  border-bottom: 1px solid var(--line); }
.avatar { display: grid; place-items: center; flex: none; width: 38px; height: 38px; border-radius: 50%;
  background: var(--accent); color: var(--on-accent); font-size: 17px; line-height: 1; font-weight: 600; }
.titles { flex: 1; min-width: 0; }
h2 { font-size: 15px; font-weight: 600; line-height: 1.3; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
.status { font-size: 13px; line-height: 1.3; color: var(--quiet); }
.close { display: grid; place-items: center; width: 40px; height: 40px; border-radius: 10px;
  color: var(--quiet); }
.close:hover { background: var(--soft); color: var(--ink); }
.banner, .forgetful { display: flex; gap: 12px; justify-content: space-between; padding: 9px 18px;
  font-size: 13px;
  background: var(--soft); color: var(--quiet); border-bottom: 1px solid var(--line);
  animation: late .2s 1s backwards; }
.forgetful { animation: none; }
@keyframes late { from { opacity: 0; } }
.link { color: inherit; font-weight: 600; text-decoration: underline; text-underline-offset: 3px;
  white-space: nowrap; }
.link:hover { color: var(--ink); }

.middle { position: relative; flex: 1; min-height: 0; }
.scroller { height: 100%; overflow-y: auto; overscroll-behavior: contain; padding: 18px;
  scrollbar-width: thin;
  scrollbar-color: var(--line) transparent; }
.scroller:focus-visible { outline-offset: -3px; border-radius: 6px; }
.messages, .stored, .pending { display: flex; flex-direction: column; gap: 10px; }
.messages { min-height: 100%; }
.messages > :empty { display: none; }
.row { display: flex; flex-direction: column; align-items: flex-start; gap: 6px; }
.row.user { align-items: flex-end; }
.bubble { max-width: 88%; padding: 10px 14px; border-radius: 16px; background: var(--soft);
  overflow-wrap: anywhere;
  border-bottom-left-radius: 5px; }
.user .bubble { background: var(--accent); color: var(--on-accent); white-space: pre-wrap;
  border-radius: 16px 16px 5px 16px; }
.bubble > * + * { margin-top: 9px; }
.bubble p { white-space: pre-line; }
.bubble .heading { font-weight: 600; }
.bubble ul, .bubble ol { padding-inline-start: 20px; }
.bubble li + li { margin-top: 4px; }
.bubble li::marker { color: var(--quiet); }
.bubble a { color: inherit; text-underline-offset: 3px; }
.bubble blockquote { padding-inline-start: 12px; border-inline-start: 2px solid var(--line);
  color: var(--quiet); }
.bubble code { font: .9em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.bubble pre { overflow-x: auto; padding: 10px; border-radius: 8px; background: var(--paper); }
.row.writing .bubble > p:last-child::after, .row.writing .bubble > :is(ul,
  ol):last-child > li:last-child::after { content: ""; display: inline-block; width: 7px; height: 1em;
  margin-left: 3px;
  vertical-align: -2px; border-radius: 2px; background: var(--quiet);
  animation: blink 1.1s steps(2, jump-none) infinite; }
@keyframes blink { to { opacity: 0; } }
.dots { display: flex; gap: 5px; padding: 16px 15px; }
.dots i { width: 6px; height: 6px; border-radius: 50%; background: var(--quiet);
  animation: breathe 1.3s infinite; }
.dots i:nth-child(2) { animation-delay: .16s; } .dots i:nth-child(3) { animation-delay: .32s; }
@keyframes breathe { 0%, 60%, 100% { opacity: .3; } 30% { opacity: 1; } }
.sources { display: grid; justify-items: start; max-width: 92%; padding-left: 4px; font-size: 13px;
  color: var(--quiet); }
.from { font-size: 12px; }
.source { min-width: 0; max-width: 100%; }
.source summary { cursor: pointer; list-style: none; padding: 3px 0; overflow-wrap: anywhere;
  border-radius: 4px;
  text-decoration: underline dotted 1px; text-underline-offset: 4px; }
.source summary::-webkit-details-marker { display: none; }
.source summary::after { content: ""; display: inline-block; width: 5px; height: 5px; margin: 0 3px 2px 7px;
  border: solid currentColor; border-width: 0 1.5px 1.5px 0; transform: rotate(45deg);
  transition: transform .12s; }
.source[open] summary::after { transform: translateY(2px) rotate(-135deg); }
.source summary:hover, .source a:hover { color: var(--ink); }
.source blockquote { margin: 4px 0 6px; padding: 2px 0 2px 12px; border-inline-start: 2px solid var(--accent);
  color: var(--ink); line-height: 1.45; white-space: pre-line; overflow-wrap: anywhere; }
.source a { display: inline-block; padding: 3px 0; color: inherit; text-underline-offset: 3px; }
.time { padding: 0 4px; margin-top: -3px; font-size: 11px; line-height: 1.3; color: var(--quiet);
  font-variant-numeric: tabular-nums; }
.day { align-self: center; margin: 8px 0 4px; font-size: 12px; color: var(--quiet); }
.by { font-size: 12px; color: var(--quiet); padding-left: 2px; }
.notice { align-self: center; max-width: 92%; padding: 2px 8px; font-size: 13px; color: var(--quiet);
  text-align: center; }
.mark { padding: 0 4px; font-size: 12px; color: var(--quiet); }
.mark.late { animation: late .2s .8s backwards; }
.mark.failed { color: var(--alarm); text-align: right; }
.row.failed .bubble { background: none; color: var(--ink); box-shadow: inset 0 0 0 1px var(--alarm); }
.offers { display: flex; flex-direction: column; align-items: flex-start; gap: 8px; margin-top: 6px; }
.offers.centred { align-items: center; }
.offers button { max-width: 100%; padding: 8px 14px; border: 1px solid var(--line); border-radius: 14px;
  text-align: start;
  transition: border-color .12s, background .12s; }
.offers button:hover { border-color: var(--quiet); background: var(--soft); }
.to-bottom { position: absolute; right: 14px; bottom: 10px; display: grid; place-items: center;
  width: 36px; height: 36px;
  border-radius: 50%; background: var(--paper); border: 1px solid var(--line); color: var(--quiet);
  box-shadow: var(--shadow); }
.to-bottom svg { width: 18px; height: 18px; }

.writing { padding-top: 6px; }
.composer { display: flex; align-items: flex-end; gap: 6px; margin: 0 14px; padding: 5px;
  border: 1px solid color-mix(in srgb, var(--line), var(--quiet) 30%); border-radius: 22px;
  background: var(--paper); }
.composer:focus-within { border-color: var(--focus); 
  box-shadow: 0 0 0 3px color-mix(in srgb, var(--focus) 18%, transparent); }
textarea { flex: 1; min-width: 0; max-height: 132px; padding: 6px 4px 6px 12px; border: 0;
  border-radius: 16px;
  background: none; resize: none; outline: none; line-height: 1.45; }
textarea:focus-visible { outline: none; }
textarea::placeholder { color: var(--quiet); opacity: 1; }
.hint { padding: 6px 18px 0; font-size: 12px; line-height: 1.3; color: var(--quiet); text-align: end; }
.hint.over { color: var(--alarm); }
.send, .stop { display: grid; place-items: center; flex: none; width: 34px; height: 34px;
  border-radius: 50%;
  background: var(--accent); color: var(--on-accent); }
.send:disabled { background: var(--soft); color: var(--quiet); cursor: default; }
.send svg { width: 19px; height: 19px; } .stop svg { fill: currentColor; width: 20px; height: 20px; }
.refusal { padding: 0 18px 8px; font-size: 13px; color: var(--alarm); }
.note { padding: 8px 18px 12px; font-size: 12px; line-height: 1.3; color: var(--quiet);
  text-align: center; }

@media (max-width: 480px), (max-height: 480px) {
  :host { inset: auto 16px calc(16px + env(safe-area-inset-bottom)) auto !important; }
  .panel { position: fixed; inset: var(--seen-top, 0) 0 auto; width: auto; height: var(--seen-height, 100dvh);
    border: 0; border-radius: 0; padding-bottom: env(safe-area-inset-bottom); }
  .panel:not([hidden]) + .launcher { display: none; }
  textarea { font-size: 16px; }
  .close { width: 44px; height: 44px; }
}
@media (prefers-reduced-motion: reduce) {
  *, ::before, ::after { animation-duration: .01ms !important; transition: none !important; }
  .dots i, .row.writing .bubble ::after { animation: none !important; }
}
@media (forced-colors: active) {
  .panel, .bubble, .launcher, .send, .stop { border: 1px solid; }
  .composer:focus-within { outline: 2px solid Highlight; outline-offset: 2px; }
}
@media print { :host { display: none !important; } }
`;
