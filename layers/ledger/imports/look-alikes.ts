import type pg from 'pg';
import { inOrganizationAsJob } from '#tenancy/job-transaction.ts';
import type { ImportOrganization, OrganizationDirectory } from './organizations.ts';
import type { PostedBatch } from './post-batch.ts';

/** A code or a slug that an import creates and that could be taken for another one. */
export interface LookAlike {
  /** The slug of its organization. */
  readonly organization: string;
  readonly kind: 'organization' | 'item' | 'location';
  readonly code: string;
  /** The other codes, existing or created by the import too, at most ten. */
  readonly like: readonly string[];
}

/** The number of look-alikes that are named. All are counted. */
const mostNamed = 100;

/** Finds what an import creates and what looks like something else: other scripts, other dashes, full width, 0 for O. */
export class LookAlikes {
  private readonly created = new Map<ImportOrganization, { items: Set<string>; locations: Set<string> }>();

  /** Remembers what a batch has created, or in a trial would create. */
  remember(organization: ImportOrganization, { missing }: Pick<PostedBatch, 'missing'>): void {
    if (!missing.items && !missing.locations) return;
    const created = this.created.get(organization) ?? { items: new Set(), locations: new Set() };
    for (const sku of missing.items ?? []) created.items.add(sku);
    for (const code of missing.locations ?? []) created.locations.add(code);
    this.created.set(organization, created);
  }

  /** The first of them, and how many there are. One query for each organization in which something was created. */
  async find(
    jobs: pg.ClientBase,
    { alike }: Pick<OrganizationDirectory, 'alike'>,
  ): Promise<{ readonly named: readonly LookAlike[]; readonly count: number }> {
    const named = alike
      .slice(0, mostNamed)
      .map(({ slug, like }): LookAlike => ({ organization: slug, kind: 'organization', code: slug, like }));
    let count = alike.length;
    for (const [{ id, slug }, { items, locations }] of this.created) {
      const rows = await inOrganizationAsJob<Omit<LookAlike, 'organization'> & { all: string }>(
        jobs,
        id,
        'read',
        { text: query, values: [[...items], [...locations], mostNamed - named.length] },
      );
      count += Number(rows[0]?.all ?? 0);
      for (const { kind, code, like } of rows) {
        if (named.length < mostNamed) named.push({ organization: slug, kind, code, like });
      }
    }
    return { named, count };
  }
}

/** $1 the new SKUs, $2 the new codes of locations, $3 how many rows. Each appearance is computed once. */
const query = `
  with created as materialized (
    select 'item' as kind, code, tenancy.appearance(code) as appearance from unnest($1::text[]) as code
    union all
    select 'location', code, tenancy.appearance(code) from unnest($2::text[]) as code
  ),
  present as materialized (
    select 'item' as kind, sku as code, tenancy.appearance(sku) as appearance
    from inventory.items
    where org_id = (select tenancy.current_org()) and cardinality($1::text[]) > 0
    union
    select 'location', code, tenancy.appearance(code)
    from inventory.locations
    where org_id = (select tenancy.current_org()) and cardinality($2::text[]) > 0
    union
    select kind, code, appearance from created
  )
  select
    c.kind, c.code,
    (array_agg(p.code order by p.code collate "C"))[1:10] as like,
    count(*) over () as all
  from created c
  join present p on p.kind = c.kind and p.appearance = c.appearance and p.code <> c.code
  group by c.kind, c.code
  order by c.kind, c.code collate "C"
  limit greatest($3, 1)`;
