//go:build tools

// Package kwok only names the program that is built from this module, so that go.mod and go.sum hold what it needs.
package kwok

import (
	_ "sigs.k8s.io/kwok/cmd/kwok"
)
