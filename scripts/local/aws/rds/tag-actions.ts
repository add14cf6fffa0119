import type { QueryParameters } from '../query-parameters.ts';
import type { Action } from '../query-service.ts';
import type { Rds } from './context.ts';
import { tagList } from './descriptions.ts';
import { instanceNotFound, invalidParameter, missingParameter, snapshotNotFound } from './errors.ts';
import { readName } from './names.ts';
import { required, tagsOf } from './parameters.ts';
import type { Tags } from './records.ts';

/** What RDS does with the tags of instances and snapshots, which it takes by their ARN. */
export function tagActions(rds: Rds): Readonly<Record<string, Action>> {
  return {
    ListTagsForResource: (parameters, region) => ({ TagList: tagList(tagged(rds, parameters, region).tags) }),

    async AddTagsToResource(parameters, region) {
      const resource = tagged(rds, parameters, region);
      const added = tagsOf(parameters);
      if (!added) throw missingParameter('Tags');
      await resource.put({ ...resource.tags, ...added });
      return undefined;
    },

    async RemoveTagsFromResource(parameters, region) {
      const resource = tagged(rds, parameters, region);
      const removed = parameters.list('TagKeys').map((key) => key.text() ?? '');
      const left = Object.entries(resource.tags).filter(([key]) => !removed.includes(key));
      await resource.put(Object.fromEntries(left));
      return undefined;
    },
  };
}

interface Tagged {
  readonly tags: Tags;
  put(tags: Tags): Promise<void>;
}

function tagged({ store }: Rds, parameters: QueryParameters, region: string): Tagged {
  const arn = required(parameters, 'ResourceName');
  const kind = arn.split(':')[5];
  if (kind !== 'db' && kind !== 'snapshot') throw invalidParameter(`Invalid resource name: ${arn}`);
  const { region: of, identifier } = readName(arn, kind, region);
  if (kind === 'db') {
    if (of !== region) throw instanceNotFound(identifier);
    const { resourceId, tags } = store.instance(region, identifier);
    return { tags, put: (changed) => store.changeInstance(resourceId, { tags: changed }) };
  }
  if (of !== region) throw snapshotNotFound(identifier);
  const { folder, tags } = store.snapshot(region, identifier);
  return { tags, put: (changed) => store.changeSnapshot(folder, { tags: changed }) };
}
