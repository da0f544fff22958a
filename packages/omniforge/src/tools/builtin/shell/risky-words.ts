/**
 * Programs and options that make one permitted command into any command, or into a write elsewhere.
 *
 * Owns: what a wildcard of an allowing rule never covers. It can't be complete for every program there is: a wildcard
 * after a program that isn't listed covers whatever that program does.
 */
import type { Word } from "./command-line.ts";

/** Programs whose arguments are code, or name programs: a rule for them has to name the whole command. */
const runners = new Set(
  `sh bash dash zsh ksh mksh fish csh tcsh ash rbash busybox toybox env sudo doas su runuser setpriv setsid nohup nice
  ionice chrt taskset timeout stdbuf time watch strace ltrace gdb lldb valgrind perf xargs parallel entr ssh scp sftp rsync
  telnet nc ncat netcat socat curl wget eval exec source command builtin python pypy ruby perl node nodejs deno bun tsx npx
  npm pnpm yarn corepack php lua luajit tclsh expect wish java groovy scala kotlin go cargo rustc gcc cc clang c++ g++ ld
  make gmake cmake ninja meson bazel gradle mvn ant rake just task docker podman nerdctl kubectl helm ansible
  ansible-playbook terraform vagrant systemctl systemd-run at batch crontab awk gawk mawk nawk sed gsed ed ex vi vim nvim
  view vimdiff emacs nano pico less more most man info screen tmux script dialog unshare nsenter chroot bwrap firejail
  flatpak snap apt apt-get dpkg yum dnf rpm pacman brew pip pipx uv uvx poetry gem bundle composer mysql psql sqlite
  redis-cli mongo osascript open xdg-open dd mount umount tar bsdtar zip unzip cpio rename mail mutt ack ag yq ctags
  openssl gpg tcpdump iptables logger install patch vipe sponge run-parts ld.so ldd ip flock start-stop-daemon capsh
  chpst ld-linux.so ld-linux-x86-64.so ld-linux-aarch64.so daemonize dbus-run-session fakeroot faketime proot torsocks unbuffer xvfb-run gh glab svn hg`.split(
    /\s+/,
  ),
);

/** Options that run a program or write a file, without their dashes: long names, and letters. */
const options: Readonly<Record<string, { readonly long: readonly string[]; readonly short: string }>> = {
  git: {
    long: "config-env exec-path git-dir work-tree output ext-diff textconv open-files-in-pager upload-pack receive-pack exec namespace super-prefix paginate template separate-git-dir edit interactive".split(
      " ",
    ),
    short: "cCOox",
  },
  fd: { long: ["exec", "exec-batch"], short: "xX" },
  fdfind: { long: ["exec", "exec-batch"], short: "xX" },
  rg: { long: ["pre", "hostname-bin", "search-zip"], short: "z" },
  sort: { long: ["output", "compress-program", "temporary-directory", "files0-from"], short: "oT" },
  tree: { long: ["output"], short: "oR" },
  split: { long: ["filter"], short: "" },
  date: { long: ["set"], short: "s" },
  file: { long: ["compile", "magic-file", "uncompress"], short: "CmzZ" },
  diff: { long: ["paginate"], short: "l" },
  hostname: { long: ["file"], short: "Fb" },
};

/** Words of `find`, which has no short options. */
const findActions = /^-(?:exec|execdir|ok|okdir|delete|fprint|fprint0|fprintf|fls|files0-from)/;

/** Git's own commands that run no program of their arguments; others may be aliases for anything. */
const plainGit = new Set(
  `status log diff show branch tag add commit rm mv restore reset checkout switch stash merge cherry-pick revert blame
  annotate grep ls-files ls-tree rev-parse rev-list describe shortlog reflog cat-file diff-tree diff-index diff-files
  merge-base name-rev show-ref for-each-ref count-objects init fetch pull push gc notes whatchanged range-diff cherry apply
  format-patch clean`.split(/\s+/),
);

/** Programs that can only show: for them even a pattern that might expand to an option does no harm. */
const harmless = new Set(
  "ls cat head tail wc stat basename dirname du df nl tac echo cksum md5sum sha1sum sha256sum".split(" "),
);

/** The program's name without its folder, version and case. */
export function programOf(word: Word | undefined): string {
  const name = (word?.text ?? "").split("/").at(-1) ?? "";
  return (
    name
      .toLowerCase()
      .replace(/\.exe$/, "")
      .replace(/[-.\d]+$/, "") || name
  );
}

/** Programs that run the rest of their words as a command: a forbidden one doesn't hide behind them. */
const wrappers = new Set(
  `env eval sudo doas nohup nice ionice setsid stdbuf timeout time xargs parallel exec command builtin busybox toybox watch strace
  ltrace flock chroot unshare setpriv chrt taskset find fd fdfind`.split(/\s+/),
);

export function isWrapper(program: string): boolean {
  return wrappers.has(program);
}

export function isRunner(program: string): boolean {
  return runners.has(program);
}

/** Whether a rule may say `git NAME *`. */
export function isPlainGit(command: string): boolean {
  return plainGit.has(command);
}

/** Why a wildcard doesn't cover these words of a command, if it doesn't. `covered`: what no word of the rule names. */
export function riskOf(words: readonly Word[], covered: readonly number[]): string | undefined {
  const program = programOf(words[0]);
  if (isRunner(program)) return `${program} runs what its arguments say`;
  for (const index of covered) {
    const word = words[index];
    if (word === undefined) continue;
    const { text, globs } = word;
    if ((globs[0] === 0 || text.startsWith("-")) && globs.length > 0 && !harmless.has(program))
      return `the pattern ${text} may expand to an option`;
    if (program === "find" && findActions.test(text)) return `find ${text} runs or changes something`;
    if (program === "git" && text.includes("::")) return `git runs a program for ${text}`;
    if (isRisky(program, text)) return `${program} ${text} may run or write something`;
  }
  if (program === "git" && covered.includes(1) && !isPlainGit(words[1]?.text ?? ""))
    return `git ${words[1]?.text ?? ""} may run anything`;
  return undefined;
}

function isRisky(program: string, text: string): boolean {
  const known = options[program];
  if (known === undefined || !text.startsWith("-")) return false;
  if (!text.startsWith("--")) return known.short.split("").some((letter) => text.includes(letter));
  const name = text.slice(2).split("=")[0] ?? "";
  // Long options may be abbreviated, and negated ones still name theirs.
  return name !== "" && known.long.some((long) => long.startsWith(name) || name === `no-${long}`);
}
