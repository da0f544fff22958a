// Reads what vitest's JSON reporter wrote, prints "N passed, N failed", and fails when anything failed or nothing ran.
//
//   node scripts/count-tests.cjs RESULTS.json STATUS     STATUS is what the test command ended with
"use strict";

var fs = require("fs");

var status = parseInt(process.argv[3], 10);
var results = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };
try {
  results = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
} catch (error) {
  console.error("The tests left no results: " + error.message);
}

// A file that did not load has no test to blame, and an error outside of any test has not even a file.
var unloaded = results.testResults.filter(function (file) {
  return file.status === "failed" && file.assertionResults.length === 0;
}).length;
var passed = results.numPassedTests;
var failed = results.numFailedTests + unloaded;
var skipped = results.numPendingTests + results.numTodoTests;
if (failed === 0 && status !== 0) failed = 1;
if (passed + failed === 0) {
  console.error("No test ran.");
  status = 1;
}

console.log(passed + " passed, " + failed + " failed" + (skipped > 0 ? ", " + skipped + " skipped" : ""));
process.exit(failed > 0 || status !== 0 ? 1 : 0);
