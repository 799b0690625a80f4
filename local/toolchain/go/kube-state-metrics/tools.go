//go:build tools

// Package kubestatemetrics only names the program that is built from this module, so that go.mod and go.sum hold what it needs.
package kubestatemetrics

import (
	_ "k8s.io/kube-state-metrics/v2"
)
