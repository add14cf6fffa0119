import { expect, test } from 'vitest';
import { sealOrganization } from '#audit/seals/seal-organization.ts';
import { verifyLedger } from '#audit/seals/verify-ledger.ts';
import { eraseOrganization } from '#portability/erase.ts';
import { importOrganization } from '#portability/import.ts';
import {
  exportTo,
  openCell,
  openFolder,
  suspend,
  tablesWith,
} from '#tests/isolation/portability/portability-world.ts';
import { openSealedWorld } from './sealed-world.ts';

const { world, organization, post, seal, verify } = openSealedWorld();
const cell = openCell();
const folder = openFolder();

test('an organization moves with its seals, verifies where it arrives, and its chain goes on there', async () => {
  const tenant = await organization();
  await post(tenant, 5);
  await seal(tenant, { mostMovements: 2 });
  await post(tenant, 2);
  await suspend(world, tenant.slug);
  const to = folder();
  const manifest = await exportTo(world, tenant.id, to);
  await importOrganization(await cell.connect('stockade_admin'), { from: to });

  const jobs = await cell.connect('stockade_jobs');
  expect(await verifyLedger(jobs, tenant.id)).toMatchObject({
    ok: true,
    seals: 3,
    movements: 5,
    unsealed: 2,
  });
  expect(await sealOrganization(jobs, tenant.id)).toMatchObject({
    seals: [{ seq: 4, movements: 2 }],
    anchoring: { anchored: 1 },
  });
  expect(await verifyLedger(jobs, tenant.id)).toMatchObject({
    ok: true,
    seals: 4,
    movements: 7,
    unsealed: 0,
  });
  // Where it was, its bucket knows of a seal that the database there does not have.
  expect(await verify(tenant)).toMatchObject({ faults: [{ kind: 'seal_missing', seal: 4 }] });
  await eraseOrganization(await world.connect('stockade_admin'), { slug: tenant.slug, receipt: manifest });
  expect(await tablesWith(await world.superuser(), tenant.id)).toEqual({ 'tenancy.erasures': 1 });
}, 60_000);
