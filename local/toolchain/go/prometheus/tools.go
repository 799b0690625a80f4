//go:build tools

// Package prometheus only names the program that is built from this module, so that go.mod and go.sum hold what it needs.
package prometheus

import (
	_ "github.com/prometheus/prometheus/cmd/prometheus"
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
