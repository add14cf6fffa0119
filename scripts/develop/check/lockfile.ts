interface LockedPackage {
  readonly resolved?: string;
  readonly inBundle?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/**
 * What is wrong with a package-lock.json. A download address makes `npm ci` ask that host and not the registry of
 * whoever installs. An optional package that is left out (npm does so for other platforms when the registry at hand
 * lacks them) makes `npm ci` refuse the whole file.
 */
export function lockfileFaults(lockfile: string): string[] {
  const { packages = {} }: { packages?: Record<string, LockedPackage> } = JSON.parse(lockfile);
  return Object.entries(packages).flatMap(([path, { resolved, inBundle, optionalDependencies = {} }]) => [
    ...(resolved && /^(git\+)?(https?|ssh):/.test(resolved)
      ? [`package-lock.json: ${path} has the download address ${resolved}`]
      : []),
    ...Object.entries(optionalDependencies)
      .filter(([name]) => !inBundle && !isLocked(packages, path, name))
      .map(([name, version]) => `package-lock.json: ${path} may use ${name}@${version}, which is not locked`),
  ]);
}

/** Whether a package finds another one where Node would look for it: beside itself or further up. */
function isLocked(packages: Readonly<Record<string, LockedPackage>>, from: string, name: string): boolean {
  for (let folder = from; ; folder = folder.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, '')) {
    if (`${folder ? `${folder}/` : ''}node_modules/${name}` in packages) return true;
    if (!folder) return false;
  }
}
