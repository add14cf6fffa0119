/** npm commands that a document names and package.json lacks, with their line. */
export function commandFaults(file: string, markdown: string, scripts: ReadonlySet<string>): string[] {
  return markdown.split('\n').flatMap((text, index) =>
    [...text.matchAll(/\bnpm (?:run(?:-script)? (?:-\S+ )*([\w:.-]*\w)|(start|test)\b)/g)]
      .map(([, run, short]) => run ?? short ?? '')
      .filter((name) => !scripts.has(name))
      .map((name) => `${file}:${index + 1}: there is no npm script "${name}"`),
  );
}
