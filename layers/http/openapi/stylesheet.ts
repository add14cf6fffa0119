import { Markup } from './markup.ts';

/** The looks of the page: two columns that become one on a narrow screen, light or dark as the reader likes. */
export const stylesheet = new Markup(`
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { margin: 0 auto; max-width: 76rem; display: grid; grid-template-columns: 19rem minmax(0, 1fr); gap: 2.5rem;
  padding: 0 1.5rem; font: 16px/1.55 system-ui, sans-serif; }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1rem 0; box-sizing: border-box;
  font-size: .875rem; }
nav ul { list-style: none; margin: 0 0 .75rem; padding: 0; }
nav p { margin: .75rem 0 .25rem; }
nav a { font-family: ui-monospace, monospace; font-size: .8125rem; text-decoration: none; }
h1 { margin-top: 1.5rem; }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
article { margin: 2rem 0; scroll-margin-top: 1rem; }
h3 { margin-bottom: .25rem; font-size: 1.0625rem; }
h4 { margin: 1.25rem 0 .25rem; font-size: .875rem; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-top: 1px solid var(--line);
  overflow-wrap: anywhere; }
th { width: 35%; font-weight: normal; }
code, pre { font: .875em/1.5 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .375rem; }
small { opacity: .8; }
dl { display: grid; grid-template-columns: 3.5rem minmax(0, 1fr); margin: 0; }
dd { margin: 0; }
dd p { margin: 0 0 .35rem; }
@media (max-width: 56rem) { body { display: block; } nav { position: static; height: auto; } }
`);
