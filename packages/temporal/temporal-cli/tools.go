//go:build tools

// Package tools keeps the Temporal CLI in go.mod, so that everybody builds one exact server.
package tools

import _ "github.com/temporalio/cli/cmd/temporal"
