package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// pluginFile is the pulumi-plugin.json that every Pulumi package for Python carries.
type pluginFile struct {
	Resource         bool   `json:"resource"`
	Name             string `json:"name"`
	Version          string `json:"version"`
	Server           string `json:"server"`
	Parameterization *struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		Value   []byte `json:"value"`
	} `json:"parameterization"`
}

// requiredPackages names the plugins of all Pulumi packages that the program's Python can import.
func requiredPackages(ctx context.Context, tc toolchain.Toolchain) ([]*pulumirpc.PackageDependency, error) {
	folders, err := importFolders(ctx, tc)
	if err != nil {
		return nil, err
	}
	var packages []*pulumirpc.PackageDependency
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*", "pulumi-plugin.json"))
		if err != nil {
			return nil, fmt.Errorf("looking for Pulumi packages in %s: %w", folder, err)
		}
		for _, file := range files {
			dependency, err := readPluginFile(file)
			if err != nil {
				return nil, err
			}
			if dependency != nil {
				packages = append(packages, dependency)
			}
		}
	}
	return packages, nil
}

func readPluginFile(path string) (*pulumirpc.PackageDependency, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var plugin pluginFile
	if err := json.Unmarshal(content, &plugin); err != nil {
		return nil, fmt.Errorf("%s is not a plugin description: %w", path, err)
	}
	if !plugin.Resource {
		return nil, nil
	}
	dependency := &pulumirpc.PackageDependency{
		Name: plugin.Name, Kind: "resource", Version: plugin.Version, Server: plugin.Server,
	}
	if parameters := plugin.Parameterization; parameters != nil {
		dependency.Parameterization = &pulumirpc.PackageParameterization{
			Name: parameters.Name, Version: parameters.Version, Value: parameters.Value,
		}
	}
	return dependency, nil
}

// importFolders lists the folders that Python imports packages from. Those of a virtual environment are known from its
// layout; any other Python is asked, which costs a process.
func importFolders(ctx context.Context, tc toolchain.Toolchain) ([]string, error) {
	environment, err := environmentOf(ctx, tc)
	if err != nil {
		return nil, err
	}
	if environment == "" {
		command, err := tc.Command(ctx, "-c", "import json, sys; print(json.dumps(sys.path[1:]))")
		if err != nil {
			return nil, err
		}
		output, err := command.Output()
		if err != nil {
			return nil, fmt.Errorf("asking %s where its packages are: %w", command.Path, err)
		}
		var folders []string
		return folders, json.Unmarshal(output, &folders)
	}
	sites, err := filepath.Glob(filepath.Join(environment, "lib", "python3*", "site-packages"))
	if err != nil {
		return nil, err
	}
	folders := slices.Clone(sites)
	for _, site := range sites {
		folders = append(folders, linkedFolders(site)...)
	}
	return folders, nil
}

// linkedFolders are those that .pth files add, as an editable install does.
func linkedFolders(site string) []string {
	files, _ := filepath.Glob(filepath.Join(site, "*.pth"))
	var folders []string
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // Python, too, passes over one that it cannot read
		}
		for line := range strings.Lines(string(content)) {
			folder := strings.TrimSpace(line)
			if !filepath.IsAbs(folder) {
				folder = filepath.Join(site, folder)
			}
			if info, err := os.Stat(folder); err == nil && info.IsDir() && folder != site {
				folders = append(folders, folder)
			}
		}
	}
	return folders
}
