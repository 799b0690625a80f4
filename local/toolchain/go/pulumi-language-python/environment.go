package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

// environmentOf is the virtual environment that a program runs in: the one of its runtime options, or that of the
// Python on PATH, or nothing.
func environmentOf(ctx context.Context, tc toolchain.Toolchain) (string, error) {
	environment, err := tc.VirtualEnvPath(ctx)
	if err != nil || environment != "" {
		return environment, err
	}
	python, _, err := toolchain.CommandPath()
	if err != nil {
		return "", err
	}
	environment = filepath.Dir(filepath.Dir(python))
	if _, err := os.Stat(filepath.Join(environment, "pyvenv.cfg")); err != nil {
		return "", nil
	}
	return environment, nil
}

// venv writes "version = 3.11.7"; uv and virtualenv write "version_info = 3.11.7" and "3.11.7.final.0".
var versionLine = regexp.MustCompile(`(?m)^version(?:_info)? *= *(\d+\.\d+\.\d+)`)

// environmentVersion is the Python version that a virtual environment was made with, or nothing.
func environmentVersion(environment string) string {
	if environment == "" {
		return ""
	}
	content, err := os.ReadFile(filepath.Join(environment, "pyvenv.cfg"))
	if err != nil {
		return ""
	}
	if found := versionLine.FindSubmatch(content); found != nil {
		return string(found[1])
	}
	return ""
}
