--! needs 000002_context
-- How names look, for a hint about one that could be taken for another.

create or replace function tenancy.appearance(p_text text)
returns text
language plpgsql
immutable
parallel safe
as $$
begin
  -- What is plain ASCII pays for nothing else.
  if octet_length(p_text) <> length(p_text) then
    -- Of Unicode's confusables.txt: each letter of the Latin, Greek, Cyrillic and Armenian scripts, each dash, quotation mark and
    -- slash that looks like a character of ASCII. A letter and its accents stand apart; full width and ligatures are resolved.
    p_text := translate(
      normalize(p_text, NFKD),
      'ǃꝸ՚՝‘’′ꞌ〔〕‐‒–—―⁃−⁄∕ƧꙄꝚƷȜЗӠꝪꞫƼбȢȣꝮ։ɁʔΑАΒВꞴСΕЕϜꞘԌΗНƖΙІӀͿЈꞲΚКΜϺМΝΟОՕΡРƦЅՏΤТՍѴԜΧХꞳΥУҮΖɑαаƄЬсᴄԁеҽꬲքẝꞙꬵƍɡց'
      'ᶃһհıɩɪιіӏꙇϳјǀոռοσоօᴏᴑꬽρрԛգզгᴦꭇꭈƽѕꜱʋυսᴜꞟꭎꭒνѵᴠɯѡԝաᴡхɣʏγуүᶌỿꭚᴢ',
      '!&''''''''''''()-------//22233333356889:??AABBBCEEFFGHHIIIIJJJKKMMMNOOOPPRSSTTUVWXXXYYYZaaabbccdeeeffffggg'
      'ghhiiiiiiijjlnnoooooooppqqqrrrrsssuuuuuuuvvvwwwwwxyyyyyyyyz'
    );
  end if;
  -- Within ASCII, m and rn look alike, 0 and o, 1 and l. Somebody who copies a code does not always keep its case.
  return translate(replace(lower(p_text collate "C"), 'm', 'rn'), '01', 'ol');
end
$$;

comment on function tenancy.appearance is
  'What a slug, an address or a code looks like: two that could be taken for each other have the same. Nothing is stored of it: it '
  'may change with each release.';
grant execute on function tenancy.appearance to stockade_jobs, stockade_admin;
