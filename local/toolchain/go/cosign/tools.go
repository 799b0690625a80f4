//go:build tools

// Keeps the command's modules in go.mod.
package tools

import _ "github.com/sigstore/cosign/v2/cmd/cosign"
