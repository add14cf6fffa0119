/**
 * The first key that an object in a JSON text contains twice. Undefined when there is none. A program keeps the last of the
 * two, but a person may read the first. The text must be valid JSON: check it with JSON.parse.
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
      // Compare decoded keys: "a" and "\u0061" are the same key.
      const key: string = JSON.parse(json.slice(found.index, end));
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}

/** The position after the closing quotation mark of a string whose first character is at `start`. */
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
