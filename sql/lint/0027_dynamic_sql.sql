-- A function that runs text as SQL.
-- level: leak
-- Most of our functions run as the owner, or are called by such functions: a caller who controls the text owns the database.
select
  f.name as object,
  format(
    'it runs text %s, by %s',
    case count(*) when 1 then 'once' else count(*) || ' times' end,
    string_agg(distinct rtrim(found.word[1], '( '), ', ')
  ) as detail,
  format('write the statement out; if that is impossible, quote with %%I and %%L and list %s as an exception', f.name)
    as remedy
from own_functions f
cross join lateral regexp_matches(
  f.body,
  '\mexecute\M|\m(?:query|cursor|table|schema|database)_to_xml(?:schema|_and_xmlschema)?\s*\(|\mts_(?:stat|rewrite)\s*\(',
  'g'
) as found (word)
group by f.name
