/**
 * The corpus of paths that must not lead out of a workspace: each would reach a secret if some part of the confinement
 * believed it. The workspace has the links and folders that `workspace.test.ts` makes.
 */
import { join } from "node:path";

/** By hand: each shows a trick. */
function tricks(inside: string, outside: string): string[] {
  return [
    // Spelled escapes.
    "..",
    "../",
    "../outside/secret",
    "../ws-sibling/secret",
    "../ws/../outside/secret",
    "notes/../../outside/secret",
    "notes/../notes/a.md",
    "./../outside/secret",
    "./notes/.././../outside/secret",
    ".//..//outside/secret",
    "a/b/c/../../../../outside/secret",
    "../../../../../../../../etc/passwd",
    "notes/..",
    "/..",
    "/../outside/secret",
    // Absolute.
    "/etc/passwd",
    "//etc/passwd",
    "///etc//passwd",
    join(outside, "secret"),
    join(inside, "notes/a.md"),
    "/",
    "/proc/self/environ",
    "/dev/null",
    // Links.
    "out/secret",
    "out/deep/secret",
    "relative-out/secret",
    "file-out",
    "chain-1/secret",
    "chain-2/secret",
    "chain-2/deep/secret",
    "notes/up/secret",
    "in/up/secret",
    "dangling",
    "dangling-folder/x",
    "loop-a",
    "loop-a/x",
    "rootlink/etc/passwd",
    "parent/outside/secret",
    "parent/ws-sibling/secret",
    "out",
    // What must not be touched inside.
    ".git/config",
    ".GIT/config",
    ".git./config",
    "git~1/config",
    "./.git/config",
    "notes/.git/hooks/pre-commit",
    "innocent/config",
    ".omniforge/secret",
    ".OmniForge/secret",
    "omnifo~1/secret",
    ".git /config",
    // NUL and other control characters.
    "notes/a.md\0",
    "notes/a.md\0.png",
    "\0",
    "../outside/secret\0.md",
    "notes\n/a.md",
    "notes/\u007fa.md",
    "\r\n/etc/passwd",
    "\uD800/a.md",
    // Look-alikes and encodings, which are ordinary names.
    "....//outside/secret",
    "..../outside/secret",
    "....//....//outside/secret",
    "%2e%2e/outside/secret",
    "%2e%2e%2foutside%2fsecret",
    "..%2foutside%2fsecret",
    "%252e%252e%252foutside",
    "..%c0%af..%c0%afetc",
    "．．/outside/secret",
    "‥/outside/secret",
    "․․/outside/secret",
    "..／outside／secret",
    "..∕outside",
    "~/secret",
    "~root/secret",
    "$HOME/secret",
    "${HOME}/secret",
    "`id`",
    ". ./outside/secret",
    ".. /outside/secret",
    " ../outside/secret",
    "..;/outside/secret",
    // Windows.
    "..\\outside\\secret",
    "notes\\..\\..\\outside\\secret",
    "C:\\Windows\\win.ini",
    "C:/Windows/win.ini",
    "c:secret",
    "\\\\server\\share\\secret",
    "//server/share/secret",
    "\\\\?\\C:\\secret",
    "\\\\.\\pipe\\x",
    "..\\/outside/secret",
    "/\\outside",
    // URLs, and sheer length.
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "data://text/plain,x",
    `${"a/".repeat(3000)}x`,
    "x".repeat(300),
    `${"../".repeat(500)}etc/passwd`,
  ];
}

/** What some decoder, normaliser or file system takes for the folder above. */
const climbs = [
  "..",
  ".%2e",
  "%2e%2e",
  "%252e%252e",
  "%c0%ae%c0%ae",
  "\uff0e\uff0e",
  "\u2024\u2024",
  "\u2025",
  "..\0",
  "..%00",
  ".. ",
  " ..",
  "..;",
  "..\u200b",
  "..\u00a0",
  "\u202e..",
  "...",
  "..\\..",
];
const separators = ["/", "//", "/./", "\\", "%2f", "%5c", "\uff0f", "\u2215"];
const beginnings = ["", "notes/"];
const targets = ["outside/secret", "ws-sibling/secret", "etc/passwd"];

/** Every climb, once and three times, with every separator, from every place. */
function climbing(): string[] {
  return beginnings.flatMap((beginning) =>
    climbs.flatMap((climb) =>
      separators.flatMap((separator) =>
        targets.flatMap((target) => [
          `${beginning}${climb}${separator}${target}`,
          `${beginning}${`${climb}${separator}`.repeat(3)}${target}`,
        ]),
      ),
    ),
  );
}

const links = [
  "out",
  "relative-out",
  "chain-1",
  "chain-2",
  "notes/up",
  "in/up",
  "parent/outside",
  "rootlink",
  "parent",
];
const behindLinks = [
  "secret",
  "deep/secret",
  "./secret",
  "deep/../secret",
  "new",
  "new/deep",
  "outside/secret",
  "etc/passwd",
  "tmp/x",
];

/** Every link that leads out, spelled in several ways, and what could lie behind it. */
function linked(): string[] {
  return links.flatMap((link) =>
    [link, `./${link}`, `${link}/.`, `notes/../${link}`, `${link}//`].flatMap((way) =>
      behindLinks.map((behind) => `${way}/${behind}`),
    ),
  );
}

const closedNames = [
  ".git",
  ".GIT",
  ".Git",
  ".gIt",
  "git~1",
  "GIT~1",
  ".omniforge",
  ".OMNIFORGE",
  "omnifo~1",
  "innocent",
];
const endings = ["", ".", " ", "..", ". ", " .", "/.", "//"];

/** What no tool may touch inside the workspace, by every name that some file system knows it by. */
function closed(): string[] {
  return closedNames.flatMap((name) =>
    endings.flatMap((ending) =>
      ["config", "secret", "hooks/pre-commit", "new"].flatMap((file) => [
        `${name}${ending}/${file}`,
        `notes/../${name}${ending}/${file}`,
      ]),
    ),
  );
}

/** All of it. */
export function hostilePaths(inside: string, outside: string): string[] {
  return [...tricks(inside, outside), ...climbing(), ...linked(), ...closed()];
}
