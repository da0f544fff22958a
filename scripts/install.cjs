// Installs what the repository's own commands need, when it is missing or out of date, and otherwise gets out of the way.
//
//   node scripts/install.cjs start   the `omniforge` package and Node 24: enough for `npm start`
//   node scripts/install.cjs all     everything: tests, linters, Temporal
//
// It is run by npm before the real commands ("prestart", "pretest" ...), so it is written for the Node that happens to
// be there, old ones included. How it knows:
//
//   node_modules/.package-lock.json        npm writes it last: an install has finished
//   node_modules/.omniforge-install.json   we write it after that: which lock file it was for, and how much of it
"use strict";

var childProcess = require("child_process");
var crypto = require("crypto");
var fs = require("fs");
var path = require("path");

var root = path.join(__dirname, "..");
var finished = path.join(root, "node_modules", ".package-lock.json");
var stamp = path.join(root, "node_modules", ".omniforge-install.json");

var scopes = {
  start: {
    what: "the omniforge package",
    flags: ["--workspace", "packages/omniforge", "--include-workspace-root", "--omit=dev"],
  },
  all: { what: "everything", flags: ["--include=dev"] },
};

function lockHash() {
  var hash = crypto.createHash("sha256");
  hash.update(fs.readFileSync(path.join(root, "package-lock.json")));
  return hash.digest("hex");
}

function readStamp() {
  try {
    return JSON.parse(fs.readFileSync(stamp, "utf8"));
  } catch (error) {
    return {};
  }
}

function remove(file) {
  if (fs.existsSync(file)) fs.unlinkSync(file);
}

// Started by npm, we use that same npm, on the Node that it runs on (not the one that the install may replace).
function runNpm(args) {
  var options = { cwd: root, stdio: ["ignore", "inherit", "inherit"] };
  var npm = process.env.npm_execpath;
  if (npm && /\.c?js$/.test(npm)) {
    return childProcess.spawnSync(
      process.env.npm_node_execpath || process.execPath,
      [npm].concat(args),
      options,
    );
  }
  options.shell = process.platform === "win32";
  return childProcess.spawnSync("npm", args, options);
}

function install(name) {
  var scope = scopes[name];
  var lock = lockHash();
  var had = readStamp();
  var clean = !fs.existsSync(finished);
  if (!clean && had.lock === lock && (had.scope === name || had.scope === "all")) return 0;

  // A lock file that moved must not shrink an install that had everything.
  if (name === "start" && !clean && had.scope !== "start") return install("all");

  var args = [clean ? "ci" : "install"].concat(clean ? [] : ["--no-save"], scope.flags, [
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ]);
  var started = Date.now();
  console.log(
    "Installing " +
      scope.what +
      " (npm " +
      args.slice(0, 1 + scope.flags.length + (clean ? 0 : 1)).join(" ") +
      ") ...",
  );

  // Whoever is interrupted from here on leaves neither mark, and the next run starts clean.
  remove(stamp);
  remove(finished);
  var result = runNpm(args);
  if (result.error || result.status !== 0) {
    remove(finished);
    console.error(
      "\nThe install failed: npm " +
        args.join(" ") +
        " " +
        (result.error
          ? "could not be started (" + result.error.message + ")"
          : "ended with " + (result.signal || result.status)) +
        ".\nWhat npm said stands above. When that is mended, run the same command again.",
    );
    return 1;
  }
  fs.writeFileSync(stamp, JSON.stringify({ lock: lock, scope: name }) + "\n");
  console.log("Installed " + scope.what + " in " + Math.round((Date.now() - started) / 100) / 10 + " s.");
  return 0;
}

if (!Object.prototype.hasOwnProperty.call(scopes, process.argv[2])) {
  console.error("Usage: node scripts/install.cjs start|all");
  process.exit(2);
}
process.exit(install(process.argv[2]));
