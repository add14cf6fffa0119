/** What was found to differ from what was sealed. */
export type FaultKind =
  | 'movement_altered'
  | 'movement_missing'
  | 'movement_inserted'
  | 'closing_altered'
  | 'closing_missing'
  | 'closing_inserted'
  | 'seal_altered'
  | 'seal_missing'
  | 'chain_broken'
  | 'page_altered'
  | 'boundary_altered'
  | 'anchor_differs'
  | 'anchor_missing';

export interface Fault {
  readonly kind: FaultKind;
  /** The seal that it was found in. */
  readonly seal: number;
  /** `<entry id>.<line>` */
  readonly movement?: string;
  /** The balance that a closing is of. */
  readonly key?: { readonly itemId: string; readonly locationId: string; readonly lot: string };
  readonly message: string;
}

/** Faults that are told one by one; all are counted. */
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
