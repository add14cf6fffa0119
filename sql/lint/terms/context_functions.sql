-- The functions that policies and other functions trust, with their digests in this release. If you change one on purpose,
-- write its new digest here; rule 0031 reports it. Readers only read the context, which proves itself: none of their
-- arguments can choose an organization.
select *
from (
  values
    ('tenancy.current_org()', true, true, 's', '5e527873a69345bbb1252d2a4a0a3cdb'),
    ('tenancy.current_actor()', true, true, 's', 'e61a2ec9ada117a0f5d5ec80feae5ca3'),
    ('tenancy.verified_context()', true, false, 's', 'ec5b8e7ad2eb94870c8ee4fb920931d5'),
    ('tenancy.require_context(text)', true, true, 's', 'ef56a4a9cc70f6d4c029d239d30a0519'),
    ('tenancy.require_scope(text)', true, true, 's', '23a59cd228bc8cf55978033e06575615'),
    ('tenancy.require_grantable(text[])', true, false, 's', 'bf5ffb4435560e670cb9842b7f31af33'),
    ('tenancy.require_import()', true, false, 's', '32f786cf9ccf22d2842592f7b73cafec'),
    ('tenancy.seal(uuid,text,text[],integer)', false, false, 'v', '980453117c52074af073825b1ef56d3a'),
    ('tenancy.enter_as_job(uuid)', false, true, 'v', '2f9e36389565622dbe1de50a871bf888'),
    ('tenancy.enter_with_key(text,bytea,text,text[],boolean)', false, true, 'v', 'b394e364309c5d5fb76080cfd6c956b1'),
    ('tenancy.examine_key(text,bytea,text,text[])', false, false, 'v', 'eec2d8020d7a3bec60e46d26d1a4a645'),
    ('tenancy.enter_with_pass(text,text,text[],boolean)', false, true, 'v', '0d440eb4fee684f533a201864b82948f'),
    ('tenancy.email_of_pass(text)', false, false, 's', '2bc051606a0f5757f5e03d007f1b9f2e'),
    ('tenancy.record_mismatch(text,bytea,text,text[],text)', false, true, 'v', '25fc4f47f223724c8b9dbaa0b92c1924')
) as functions (name, is_reader, is_definer, volatility, digest)
