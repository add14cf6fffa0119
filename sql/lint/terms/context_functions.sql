-- The functions that policies and other functions trust, with their digests in this release. If you change one on purpose,
-- write its new digest here; rule 0031 reports it. Readers only read the context, which proves itself: none of their
-- arguments can choose an organization.
select *
from (
  values
    ('tenancy.current_org()', true, true, 's', 'da52e190d72f2469f2b654020d324482'),
    ('tenancy.current_actor()', true, true, 's', 'e61a2ec9ada117a0f5d5ec80feae5ca3'),
    ('tenancy.verified_context()', true, false, 's', '6a5a3cec3803fe1ff43941e5aabce758'),
    ('tenancy.require_context(text)', true, true, 's', 'ef56a4a9cc70f6d4c029d239d30a0519'),
    ('tenancy.require_scope(text)', true, true, 's', '23a59cd228bc8cf55978033e06575615'),
    ('tenancy.require_grantable(text[])', true, false, 's', 'bf5ffb4435560e670cb9842b7f31af33'),
    ('tenancy.require_import()', true, false, 's', '32f786cf9ccf22d2842592f7b73cafec'),
    ('tenancy.sign_context(uuid,text,text[],integer)', false, false, 'v', 'cf8b9b9c772dd5487f290588b2f46e41'),
    ('tenancy.enter_as_job(uuid)', false, true, 'v', 'f8e74a7f6100cf4555dcd324b6866495'),
    ('tenancy.enter_with_key(text,bytea,text,text[],boolean)', false, true, 'v', 'ee6e50e30d2c1e88be2d2b7f003df297'),
    ('tenancy.examine_key(text,bytea,text,text[])', false, false, 'v', 'eb86e37f0960e3a68b22c3cccf4350ae'),
    ('tenancy.enter_with_pass(text,text,text[],boolean)', false, true, 'v', 'd451c5100791ddf8a2583959691e5974'),
    ('tenancy.email_of_pass(text)', false, false, 's', '2bc051606a0f5757f5e03d007f1b9f2e'),
    ('tenancy.record_mismatch(text,bytea,text,text[],text)', false, true, 'v', '8925afce9151bd2fc5052ee5a86338ff')
) as functions (name, is_reader, is_definer, volatility, digest)
