#!/usr/bin/env node
// The door of the command line. It is written for very old Node releases, because its first duty is to say
// which Node is needed before anything that an old Node cannot parse is loaded.
"use strict";

var nodeModule = require("module");
var path = require("path");
var url = require("url");

// A word as a shell takes it.
function quoted(word) {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : "'" + word.replace(/'/g, "'\\''") + "'";
}

if (parseInt(process.versions.node, 10) < 24) {
  console.error(
    "omniforge needs Node 24 or newer, and this is Node " +
      process.versions.node +
      " (" +
      process.execPath +
      ").\n" +
      "Install Node 24, or run once with one from npm:\n\n" +
      "  npx -p node@24 omniforge " +
      process.argv.slice(2).map(quoted).join(" "),
  );
  process.exit(1);
}

// What has been compiled once need not be compiled again by the next command. A server starts once, and keeps in memory
// what it has of this.
if (nodeModule.enableCompileCache && process.argv[2] !== "serve") nodeModule.enableCompileCache();

import(url.pathToFileURL(path.join(__dirname, "..", "dist", "cli", "main.js")).href).catch(function (error) {
  console.error(error);
  process.exit(1);
});
