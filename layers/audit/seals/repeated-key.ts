/**
 * A key that an object of a JSON text has twice; undefined when none has. A reader keeps the last one and a person may see
 * the first. The text must be JSON, which is what JSON.parse is for.
 */
export function repeatedKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  const mark = /[{}"]/g;
  for (let found = mark.exec(json); found; found = mark.exec(json)) {
    if (found[0] === '{') open.push(new Set());
    else if (found[0] === '}') open.pop();
    else {
      const end = endOfString(json, mark.lastIndex);
      mark.lastIndex = end;
      if (!isKey(json, end)) continue;
      // Not as it is written: "a" and "\u0061" are the same key.
      const key: string = JSON.parse(json.slice(found.index, end));
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}

/** Where the string ends whose first character is at `start`: behind its quotation mark. */
function endOfString(json: string, start: number): number {
  const mark = /["\\]/g;
  mark.lastIndex = start;
  for (let found = mark.exec(json); found; found = mark.exec(json)) {
    if (found[0] === '"') return mark.lastIndex;
    mark.lastIndex += 1;
  }
  return json.length;
}

function isKey(json: string, end: number): boolean {
  const colon = /\s*:/y;
  colon.lastIndex = end;
  return colon.test(json);
}
