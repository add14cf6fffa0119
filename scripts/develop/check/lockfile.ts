interface LockedPackage {
  readonly resolved?: string;
  readonly inBundle?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/**
 * The faults of a package-lock.json. With a download address, `npm ci` asks that host and not your own registry. With a
 * missing optional package (npm omits those of other platforms when the registry lacks them), `npm ci` refuses the file.
 */
export function lockfileFaults(file: string, content: string): string[] {
  const { packages = {} }: { packages?: Record<string, LockedPackage> } = JSON.parse(content);
  return Object.entries(packages).flatMap(([path, { resolved, inBundle, optionalDependencies = {} }]) => [
    ...(resolved && /^(git\+)?(https?|ssh):/.test(resolved)
      ? [`${file}: ${path} has the download address ${resolved}`]
      : []),
    ...Object.entries(optionalDependencies)
      .filter(([name]) => !inBundle && !isLocked(packages, path, name))
      .map(([name, version]) => `${file}: ${path} may use ${name}@${version}, which is not locked`),
  ]);
}

/** Whether Node would find the other package: beside this one or further up. */
function isLocked(packages: Readonly<Record<string, LockedPackage>>, from: string, name: string): boolean {
  for (let folder = from; ; folder = folder.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, '')) {
    if (`${folder ? `${folder}/` : ''}node_modules/${name}` in packages) return true;
    if (!folder) return false;
  }
}
