import type pg from 'pg';
import { Problem } from '#platform/errors.ts';
import { slugsLike } from '#tenancy/look-alikes.ts';
import { addOrganization, slugPattern } from '#tenancy/organizations.ts';

/** The organization that lines are imported into. There is one object per organization. */
export interface ImportOrganization {
  /** Undefined in a trial for an organization that the import would create. */
  readonly id: string | undefined;
  readonly slug: string;
}

export interface OrganizationDirectory {
  /** The organization with this name in the file, or the reason why its lines are rejected. */
  find(name: string | undefined): Promise<ImportOrganization | { readonly fault: string }>;
  /** The slugs of the organizations that were created, or in a trial would be. */
  readonly created: readonly string[];
  /** Those of them that could be taken for another organization, with the slugs of the others. */
  readonly alike: readonly { readonly slug: string; readonly like: readonly string[] }[];
}

const maxNameLength = 200;

/** All lines belong to one organization, whatever the lines contain. */
export function oneOrganization(
  organization: ImportOrganization,
  { created, alike }: Pick<OrganizationDirectory, 'created' | 'alike'> = { created: [], alike: [] },
): OrganizationDirectory {
  return { created, alike, find: async () => organization };
}

/**
 * The organizations that a column names, by slug or by name. A name is refused when only its slug equals the slug of
 * another organization: two organizations are never mistaken for one. `values` maps a name to a slug.
 * `admin` is a connection as stockade_admin.
 */
export function organizationsByName(
  admin: pg.ClientBase,
  options: {
    readonly create: boolean;
    readonly trial: boolean;
    readonly values?: Readonly<Record<string, string>> | undefined;
  },
): OrganizationDirectory {
  const bySlug = new Map<string, { organization: ImportOrganization; name: string; status: string }>();
  const created: string[] = [];
  const alike: { slug: string; like: readonly string[] }[] = [];

  async function look(slug: string) {
    const known = bySlug.get(slug);
    if (known) return known;
    const { rows } = await admin.query<{ id: string; name: string; status: string }>(
      'select id, name, status from tenancy.organizations where slug = $1',
      [slug],
    );
    if (!rows[0]) return undefined;
    const { id, name, status } = rows[0];
    const found = { organization: { id, slug }, name, status };
    bySlug.set(slug, found);
    return found;
  }

  async function make(slug: string, name: string) {
    const like = await slugsLike(admin, slug, created);
    if (like.length > 0) alike.push({ slug, like });
    if (options.trial) {
      const made = { organization: { id: undefined, slug }, name, status: 'active' };
      bySlug.set(slug, made);
      created.push(slug);
      return made;
    }
    try {
      await addOrganization(admin, { slug, name });
      created.push(slug);
    } catch (error) {
      // Another run has created it in the meantime.
      if (!(error instanceof Problem && error.code === 'already_exists')) throw error;
    }
    return await look(slug);
  }

  return {
    created,
    alike,
    async find(name = '') {
      if (name.length > maxNameLength)
        return { fault: `the organization has more than ${maxNameLength} characters` };
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it matches control characters
      if (/[\x00-\x1f\x7f-\x9f]/.test(name)) return { fault: 'the organization contains control characters' };
      const mapped = options.values?.[name];
      const slug = mapped ?? slugOf(name);
      const shown = JSON.stringify(name);
      if (!slugPattern.test(slug)) {
        return {
          fault: `the organization ${shown} has no slug: map it to one in the profile's organization.values`,
        };
      }
      const found = (await look(slug)) ?? (options.create ? await make(slug, name) : undefined);
      if (!found) return { fault: `there is no organization ${slug}` };
      if (mapped === undefined && name !== slug && name !== found.name) {
        return {
          fault:
            `the organization ${shown} has the slug ${slug}, which belongs to ${JSON.stringify(found.name)}: ` +
            "map it to the right slug in the profile's organization.values",
        };
      }
      if (found.status !== 'active') return { fault: `the organization ${slug} is suspended` };
      return found.organization;
    },
  };
}

/** The slug of a name: "United Kingdom" is united-kingdom, "Łódź & Søn" is lodz-son. */
export function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[łøđßæœ]/g, (letter) => spelled[letter] ?? letter)
    .replace(/\p{Mark}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
}

/** Letters that Unicode does not decompose into a base letter and a mark. */
const spelled: Readonly<Record<string, string>> = { ł: 'l', ø: 'o', đ: 'd', ß: 'ss', æ: 'ae', œ: 'oe' };
