//go:build tools

// Package gitea only names the program that is built from this module, so that go.mod and go.sum hold what it needs.
package gitea

import _ "code.gitea.io/gitea"
