--! needs 000002_context
-- The context of a transaction: which organization it has entered, on whose behalf, with which scopes.
--
-- A context is key|organization|actor|scopes|MAC. The MAC also covers the backend and the start of the transaction, so that
-- a context copied from another transaction does not fit. Every request pays for every statement of these functions, so they
-- have as few as they can.
--
-- verified_context() and sign_context() are called by functions whose search_path is empty already: a SET clause of their
-- own would only cost time.

create or replace function tenancy.verified_context()
returns text[]
language plpgsql
stable
as $$
declare
  v_context text := current_setting('stockade.context', true);
  v_inner_pad bytea;
  v_outer_pad bytea;
begin
  if v_context <> '' then
    -- The MAC is an expression of its own: as a condition of the query it takes longer.
    select inner_pad, outer_pad
    into v_inner_pad, v_outer_pad
    from tenancy.context_keys
    where id = split_part(v_context, '|', 1);
    if right(v_context, 64) = encode(
      sha256(v_outer_pad || sha256(v_inner_pad || convert_to(
        concat_ws('|', left(v_context, -65), pg_backend_pid(), encode(timestamptz_send(now()), 'hex')), 'UTF8'
      ))),
      'hex'
    ) then
      return string_to_array(v_context, '|');
    end if;
    raise exception 'the context of this transaction was not signed by tenancy.enter_*()'
      using errcode = 'SK901';
  end if;
  return null;
end
$$;

comment on function tenancy.verified_context is
  'The verified context of this transaction, {key, organization, actor, scopes, MAC}; null when no organization '
  'was entered. Raises SK901 when the context is forged, or copied from another transaction or connection.';

-- The same check as in verified_context(), written out: row-level security asks for it in every statement.
create or replace function tenancy.current_org()
returns uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_context text := current_setting('stockade.context', true);
  v_inner_pad bytea;
  v_outer_pad bytea;
begin
  if v_context <> '' then
    select inner_pad, outer_pad
    into v_inner_pad, v_outer_pad
    from tenancy.context_keys
    where id = split_part(v_context, '|', 1);
    if right(v_context, 64) = encode(
      sha256(v_outer_pad || sha256(v_inner_pad || convert_to(
        concat_ws('|', left(v_context, -65), pg_backend_pid(), encode(timestamptz_send(now()), 'hex')), 'UTF8'
      ))),
      'hex'
    ) then
      return split_part(v_context, '|', 2);
    end if;
    raise exception 'the context of this transaction was not signed by tenancy.enter_*()'
      using errcode = 'SK901';
  end if;
  return null;
end
$$;

comment on function tenancy.current_org is
  'The organization this transaction has entered; null when it has entered none. Raises SK901 when the context is '
  'forged, or copied from another transaction or connection.';
grant execute on function tenancy.current_org to stockade_api, stockade_jobs, stockade_admin, stockade_ledger;

create or replace function tenancy.require_context(p_scope text)
returns text[]
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_context text[] := tenancy.verified_context();
begin
  if v_context is null then
    raise exception 'no organization was entered in this transaction' using errcode = 'SK902';
  end if;
  if not p_scope = any (string_to_array(v_context[4], ',')) then
    raise exception 'this credential does not carry the scope %', p_scope
      using errcode = 'SK104', detail = json_build_object('scope', p_scope);
  end if;
  return v_context;
end
$$;

comment on function tenancy.require_context is
  'The verified context of this transaction, {key, organization, actor, scopes, MAC}, for functions that write. '
  'Raises SK902 when no organization was entered, SK104 when the caller lacks the scope.';
grant execute on function tenancy.require_context to stockade_ledger;

create or replace function tenancy.require_scope(p_scope text)
returns uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return (tenancy.require_context(p_scope))[2];
end
$$;

comment on function tenancy.require_scope is
  'The organization this transaction has entered, for functions that write. Raises SK902 when none was entered, '
  'SK104 when the caller lacks the scope.';
grant execute on function tenancy.require_scope to stockade_jobs;

create or replace function tenancy.current_actor()
returns text
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return (tenancy.verified_context())[3];
end
$$;

comment on function tenancy.current_actor is
  'Who acts in this transaction: key:<id>, user:<id> or job; null when no organization was entered.';
grant execute on function tenancy.current_actor to stockade_jobs;

create or replace function tenancy.take_slot(p_secret bytea, p_org_id uuid, p_slot integer, p_began_at timestamptz)
returns boolean
language sql
volatile
as $$
  -- One expression, which becomes a part of the statement that calls it.
  select pg_try_advisory_xact_lock(
      hashtextextended(concat(encode(p_secret, 'hex'), p_org_id, floor(extract(epoch from p_began_at) / 60)), p_slot)
    )
    and pg_try_advisory_xact_lock(
      hashtextextended(concat(encode(p_secret, 'hex'), p_org_id, floor(extract(epoch from p_began_at) / 60) + 1), p_slot)
    )
$$;

comment on function tenancy.take_slot is
  'Takes one of the concurrency slots of an organization; false when it is taken. A slot is two advisory locks that end with '
  'the transaction, one for the minute in which it began and one for the next: transactions of two neighbouring minutes share '
  'one, and none takes as long as a minute. A caller who could name the locks could take them from others, so the names come from the '
  'secret, and from the minute in case somebody has seen one held.';

-- Neighbouring connections start at different slots, so that the first one tried is mostly free.
-- It returns what it has set: an assignment needs no executor, which PERFORM would start.
create or replace function tenancy.sign_context(p_org_id uuid, p_actor text, p_scopes text[], p_max_concurrency integer)
returns text
language plpgsql
volatile
as $$
declare
  v_key tenancy.context_keys;
  v_text text;
begin
  select * into strict v_key from tenancy.context_keys where active;
  if p_max_concurrency is not null then
    for i in 0..p_max_concurrency - 1 loop
      exit when tenancy.take_slot(v_key.inner_pad, p_org_id, (pg_backend_pid() + i) % p_max_concurrency, now());
      if i = p_max_concurrency - 1 then
        raise exception 'this organization has % transactions under way', p_max_concurrency using errcode = 'SK106';
      end if;
    end loop;
  end if;
  v_text := concat_ws('|', v_key.id, p_org_id, p_actor, array_to_string(p_scopes, ','));
  return set_config(
    'stockade.context',
    concat_ws('|', v_text, encode(
      sha256(v_key.outer_pad || sha256(v_key.inner_pad || convert_to(
        concat_ws('|', v_text, pg_backend_pid(), encode(timestamptz_send(now()), 'hex')), 'UTF8'
      ))),
      'hex'
    )),
    true
  );
end
$$;

comment on function tenancy.sign_context is
  'Signs the context of this transaction and takes one of the organization''s slots; with null for '
  'p_max_concurrency it takes none. Only the entering functions may call it. Raises SK106 when every slot is '
  'taken.';
