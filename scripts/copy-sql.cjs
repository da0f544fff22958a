// The compiler emits JavaScript only: this puts the .sql files beside it, under the same relative path.
"use strict";

var fs = require("fs");
var path = require("path");

var packages = path.join(__dirname, "..", "packages");

function copy(from, to) {
  fs.readdirSync(from, { withFileTypes: true }).forEach(function (entry) {
    var source = path.join(from, entry.name);
    var target = path.join(to, entry.name);
    if (entry.isDirectory()) copy(source, target);
    else if (/\.sql$/.test(entry.name)) {
      fs.mkdirSync(to, { recursive: true });
      fs.copyFileSync(source, target);
    }
  });
}

fs.readdirSync(packages).forEach(function (name) {
  var source = path.join(packages, name, "src");
  if (fs.existsSync(source)) copy(source, path.join(packages, name, "dist"));
});
