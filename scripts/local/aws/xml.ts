import { XmlNode } from '@aws-sdk/xml-builder';

/** What an element holds: text, elements by name (a list repeats the element), or nothing. */
export type XmlContent = string | number | boolean | Date | undefined | XmlElements;
export interface XmlElements {
  readonly [name: string]: XmlContent | readonly XmlContent[];
}

/** Writes a document as the services of AWS do: one root, one namespace, no indentation. */
export function writeXml(root: string, content: XmlElements, namespace?: string): string {
  const element = elementOf(root, content);
  if (namespace !== undefined) element.addAttribute('xmlns', namespace);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element}`;
}

function elementOf(name: string, content: XmlContent): XmlNode {
  if (content instanceof Date) return XmlNode.of(name, content.toISOString());
  if (typeof content !== 'object') return XmlNode.of(name, content === undefined ? content : String(content));
  const children = Object.entries(content)
    .flatMap(([child, value]) => [value].flat().map((each) => [child, each as XmlContent] as const))
    .filter(([, value]) => value !== undefined);
  return new XmlNode(
    name,
    children.map(([child, value]) => elementOf(child, value)),
  );
}
