/** What the lock file says about the packages that a workspace package brings along. */

export interface Locked {
  readonly version?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

export interface LockFile {
  readonly packages: Record<string, Locked>;
}

/** All that is installed with the package, itself included: the keys of the lock file. */
export function closure(lock: LockFile, root: string): string[] {
  const seen = new Set<string>();
  const open = [root];
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    if (seen.has(key)) continue;
    seen.add(key);
    const entry = lock.packages[key];
    if (entry === undefined) throw new Error(`The lock file does not know ${key}`);
    for (const name of brought(entry)) {
      const found = find(lock, key, name);
      if (found !== undefined) open.push(found);
    }
  }
  return [...seen].toSorted();
}

export function withInstallScript(lock: LockFile, root: string): string[] {
  return closure(lock, root).filter((key) => lock.packages[key]?.hasInstallScript === true);
}

/** The different versions under which the packages of one scope are installed. */
export function versionsOf(lock: LockFile, scope: string): string[] {
  const versions = Object.entries(lock.packages)
    .filter(([key]) => key.slice(key.lastIndexOf("node_modules/")).startsWith(`node_modules/${scope}/`))
    .map(([, entry]) => entry.version ?? "none");
  return [...new Set(versions)];
}

function brought(entry: Locked): string[] {
  const peers = Object.keys(entry.peerDependencies ?? {}).filter(
    (name) => entry.peerDependenciesMeta?.[name]?.optional !== true,
  );
  return [
    ...Object.keys(entry.dependencies ?? {}),
    ...Object.keys(entry.optionalDependencies ?? {}),
    ...peers,
  ];
}

/** As Node looks for it: beside the package, then beside each folder above. A package of another platform has no entry. */
function find(lock: LockFile, from: string, name: string): string | undefined {
  for (let base = from; ; base = base.includes("/") ? base.slice(0, base.lastIndexOf("/")) : "") {
    const key = base === "" ? `node_modules/${name}` : `${base}/node_modules/${name}`;
    const entry = lock.packages[key];
    if (entry !== undefined)
      return entry.link === true && entry.resolved !== undefined ? entry.resolved : key;
    if (base === "") return undefined;
  }
}
