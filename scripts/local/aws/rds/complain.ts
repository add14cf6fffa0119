/** Says on the terminal what has gone wrong behind the answers. */
export function complain(about: string, error: unknown): void {
  console.error(`local rds: ${about}: ${error instanceof Error ? error.message : String(error)}`);
}
