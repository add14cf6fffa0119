import * as z from 'zod';
import { routesOf } from '#functions/routes.ts';
import { endpoint } from '#http/endpoints/endpoint.ts';
import { operation } from '#http/operation.ts';
import { PageQuery, toList } from '#http/page.ts';
import { ReservationId, uuidPattern } from '#ledger/input.ts';
import {
  CommitReservation,
  commitReservation,
  ExtendReservation,
  extendReservation,
  getReservation,
  listReservations,
  ReleaseReservation,
  ReservationFilter,
  Reserve,
  releaseReservation,
  reserve,
} from '#ledger/reservations.ts';

const path = z.object({ id: ReservationId });

export const handler = endpoint(routesOf('reservations'), {
  'POST /v1/reservations': operation({
    body: Reserve,
    status: 201,
    handle: ({ tenant, body }) => reserve(tenant, body),
  }),
  'GET /v1/reservations': operation({
    query: z.strictObject({ ...PageQuery([uuidPattern]), ...ReservationFilter.shape }),
    handle: async ({ tenant, query: { limit, cursor, ...filter } }) =>
      toList(await listReservations(tenant, filter, { limit, after: cursor })),
  }),
  'GET /v1/reservations/{id}': operation({
    path,
    handle: ({ tenant, path }) => getReservation(tenant, path.id),
  }),
  'PATCH /v1/reservations/{id}': operation({
    path,
    body: ExtendReservation,
    handle: ({ tenant, path, body }) => extendReservation(tenant, path.id, body),
  }),
  'POST /v1/reservations/{id}/commit': operation({
    path,
    body: CommitReservation,
    handle: ({ tenant, path, body }) => commitReservation(tenant, path.id, body),
  }),
  'POST /v1/reservations/{id}/release': operation({
    path,
    body: ReleaseReservation,
    handle: ({ tenant, path, body }) => releaseReservation(tenant, path.id, body),
  }),
});
