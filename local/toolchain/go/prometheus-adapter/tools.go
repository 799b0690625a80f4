//go:build tools

// Package prometheusadapter only names the program that is built from this module, so that go.mod and go.sum hold what it needs.
package prometheusadapter

import (
	_ "sigs.k8s.io/prometheus-adapter/cmd/adapter"
)
