//go:build tools

// Package node_exporter only names the program that is built from this module, so that go.mod and go.sum hold what it needs.
package node_exporter

import (
	_ "github.com/prometheus/node_exporter"
)
