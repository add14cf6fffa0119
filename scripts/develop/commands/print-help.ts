/**
 * Prints the `--help` of commands, given by the URLs of their files, as one JSON array. One process for all of them:
 * most of the time goes into loading what they share.
 */
const files = process.argv.slice(2);
const pages: string[] = [];
const { write } = process.stdout;

for (const file of files) {
  let page = '';
  process.argv = [process.execPath, file, '--help'];
  process.stdout.write = (piece: string | Uint8Array) => {
    page += String(piece);
    return true;
  };
  await import(file);
  pages.push(page);
}

process.stdout.write = write;
process.stdout.write(JSON.stringify(pages));
