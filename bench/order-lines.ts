/** How lines are spread over organizations: evenly mixed, or nine in ten of the first one. */
export interface Spread {
  readonly organizations: number;
  readonly isEven: boolean;
}

const header = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,Country';
const codes = 4_000;
const linesPerInvoice = 20;

/**
 * Order lines in the shape of a wholesaler's export, the same every time: invoices of about twenty lines, a few items that
 * sell often and many that sell seldom, a return now and then, quoted descriptions.
 */
export function orderLines(count: number, { organizations, isEven }: Spread): string {
  const random = seeded(1);
  const open = new Map<number, { readonly invoice: number; left: number }>();
  const lines = [header];
  let invoices = 0;
  while (lines.length <= count) {
    // Mixed line by line only where many send at once: one organization's invoice is a run of lines.
    const organization = isEven ? Math.floor(random() * organizations) : unevenly(random(), organizations);
    const current = open.get(organization);
    if (!current?.left) invoices += 1;
    const invoice = current?.left ? current : { invoice: invoices, left: linesPerInvoice };
    open.set(organization, invoice);
    const inARow = isEven ? 1 : invoice.left;
    for (let line = 0; line < inARow && lines.length <= count; line += 1) {
      invoice.left -= 1;
      lines.push(lineOf(organization, invoice.invoice, random));
    }
  }
  return `${lines.join('\n')}\n`;
}

function lineOf(organization: number, invoice: number, random: () => number): string {
  // The square prefers the first codes.
  const code = 10_000 + Math.floor(random() ** 2 * codes);
  const quantity = random() < 0.02 ? -1 - Math.floor(random() * 10) : 1 + Math.floor(random() ** 3 * 100);
  const minute = invoice % (180 * 24 * 60);
  const date = new Date(Date.UTC(2026, 0, 1) + minute * 60_000).toISOString().slice(0, 19).replace('T', ' ');
  return `${536_000 + invoice},${code},"TEA TIN, ${code}",${quantity},${date},Country ${organization + 1}`;
}

function unevenly(random: number, organizations: number): number {
  return random < 0.9 ? 0 : 1 + Math.floor(((random - 0.9) / 0.1) * (organizations - 1));
}

/** The same numbers from 0 to 1 in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
