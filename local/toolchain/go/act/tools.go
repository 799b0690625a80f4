//go:build tools

// Keeps the command's modules in go.mod.
package tools

import _ "github.com/nektos/act"
