//go:build tools

// Package traefik only names the program that is built from this module, so that go.mod and go.sum hold what it needs.
package traefik

import (
	_ "github.com/traefik/traefik/v3/cmd/traefik"
)
