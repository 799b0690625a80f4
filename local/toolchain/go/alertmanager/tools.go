//go:build tools

// Package alertmanager only names the program that is built from this module, so that go.mod and go.sum hold what it needs.
package alertmanager

import (
	_ "github.com/prometheus/alertmanager/cmd/alertmanager"
	_ "github.com/prometheus/alertmanager/cmd/amtool"
)
