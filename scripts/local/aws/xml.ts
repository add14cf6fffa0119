/** What an element holds: text, elements by name (a list repeats the element), or nothing. */
export type XmlContent = string | number | boolean | Date | undefined | XmlElements;
export interface XmlElements {
  readonly [name: string]: XmlContent | readonly XmlContent[];
}

/** Writes a document as the services of AWS do: one root, one namespace, no indentation. */
export function writeXml(root: string, content: XmlElements, namespace?: string): string {
  const attribute = namespace ? ` xmlns="${namespace}"` : '';
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${inner(content)}</${root}>`;
}

function inner(content: XmlContent): string {
  if (content === undefined) return '';
  if (content instanceof Date) return content.toISOString();
  if (typeof content !== 'object') return writeEntities(String(content));
  return Object.entries(content)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((each) => [name, each] as const))
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<${name}>${inner(value)}</${name}>`)
    .join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // A parser would make a line feed of it.
  '\r': '&#13;',
};

function writeEntities(text: string): string {
  return text.replace(/[&<>"\r]/g, (character) => entities[character] ?? character);
}

/** An element that was sent to us, without its attributes. */
export interface XmlElement {
  readonly name: string;
  text: string;
  readonly children: XmlElement[];
}

/** The first child of a name. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((each) => each.name === name);
}

/** The text of the first child of a name. */
export function childText(element: XmlElement | undefined, name: string): string | undefined {
  return child(element, name)?.text;
}

/**
 * Reads what the SDK writes: elements and text. Namespaces are dropped, document types are refused.
 * @throws SyntaxError when the document is not well-formed
 */
export function parseXml(text: string): XmlElement {
  const document: XmlElement = { name: '', text: '', children: [] };
  const open: XmlElement[] = [document];
  const token = /<\?.*?\?>|<!--.*?-->|<(\/?)([\w.:-]+)([^<>]*?)(\/?)>|([^<]+)|(.)/gs;
  for (const [all, closing, name = '', , empty, characters, wrong] of text.matchAll(token)) {
    const current = open.at(-1);
    if (wrong !== undefined || !current) throw new SyntaxError(`not XML at "${all}"`);
    if (characters !== undefined) current.text += readEntities(characters);
    if (name === '') continue;
    if (closing) {
      const ended = open.pop();
      if (ended?.name !== localName(name)) throw new SyntaxError(`</${name}> closes <${ended?.name}>`);
      continue;
    }
    const element: XmlElement = { name: localName(name), text: '', children: [] };
    current.children.push(element);
    if (!empty) open.push(element);
  }
  const [root, ...more] = document.children;
  if (open.length !== 1 || !root || more.length > 0) throw new SyntaxError('not one whole element');
  return root;
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

const characters: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function readEntities(text: string): string {
  return text.replace(/&(#x[\da-f]+|#\d+|\w+);/gi, (all, entity: string) => {
    if (!entity.startsWith('#')) return characters[entity] ?? all;
    const code = /^#x/i.test(entity) ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1));
    return code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
}
