// What a package ships besides the compiler's output: its .sql files, its page (.html, .css, docs.js), tables (.json) and expected logs (.txt), under the same relative path in
// dist, and the repository's own licence, change log and front page.
"use strict";

var fs = require("fs");
var path = require("path");

var root = path.join(__dirname, "..");
var shared = ["LICENSE", "CHANGELOG.md", "README.md"];

function copyData(from, to) {
  fs.readdirSync(from, { withFileTypes: true }).forEach(function (entry) {
    var source = path.join(from, entry.name);
    var target = path.join(to, entry.name);
    if (entry.isDirectory()) copyData(source, target);
    else if (/\.(sql|txt|html|css)$|^docs\.js$|^(?!tsconfig).*\.json$/.test(entry.name)) {
      fs.mkdirSync(to, { recursive: true });
      fs.copyFileSync(source, target);
    }
  });
}

["omniforge", "temporal"].forEach(function (name) {
  var folder = path.join(root, "packages", name);
  copyData(path.join(folder, "src"), path.join(folder, "dist"));
  shared.forEach(function (file) {
    if (fs.existsSync(path.join(root, file))) fs.copyFileSync(path.join(root, file), path.join(folder, file));
  });
});
