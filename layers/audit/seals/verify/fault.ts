/** The kinds of differences from what was sealed. */
export type FaultKind =
  | 'movement_altered'
  | 'movement_missing'
  | 'movement_inserted'
  | 'entry_inserted'
  | 'entry_missing'
  | 'closing_altered'
  | 'closing_missing'
  | 'closing_inserted'
  | 'seal_altered'
  | 'seal_version'
  | 'seal_missing'
  | 'chain_broken'
  | 'page_altered'
  | 'boundary_altered'
  | 'anchor_differs'
  | 'anchor_missing';

export interface Fault {
  readonly kind: FaultKind;
  /** The seal with the difference. */
  readonly seal: number;
  /** `<entry id>.<line>` */
  readonly movement?: string;
  readonly entry?: string;
  /** The balance of a closing. */
  readonly key?: { readonly itemId: string; readonly locationId: string; readonly lot: string };
  readonly message: string;
}

/** The number of faults that are reported in full. All faults are counted. */
const mostTold = 100;

/** Collects faults, in the order in which they are found. */
export class Faults {
  readonly told: Fault[] = [];
  count = 0;

  add(fault: Fault): void {
    this.count += 1;
    if (this.told.length < mostTold) this.told.push(fault);
  }
}
