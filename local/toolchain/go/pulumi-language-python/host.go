package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
	"google.golang.org/protobuf/types/known/emptypb"
)

// host answers the engine's calls. Code generation, packing and linking are the publisher's host's: here they are
// unimplemented, and the engine says so.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	executor  string // pulumi-language-python-exec
	engine    string
	tracing   string
	processes *processes
	warmed    warmed
}

// resolve reads the runtime options of a Pulumi.yaml, PulumiPlugin.yaml or PulumiPolicy.yaml.
func resolve(info *pulumirpc.ProgramInfo) (toolchain.Toolchain, toolchain.PythonOptions, error) {
	options := toolchain.PythonOptions{Root: info.RootDirectory, ProgramDir: info.ProgramDirectory}
	for name, value := range info.Options.AsMap() {
		text, ok := value.(string)
		if !ok {
			return nil, options, fmt.Errorf("runtime option %q must be a string, got %v", name, value)
		}
		switch name {
		case "virtualenv":
			options.Virtualenv = text
		case "toolchain":
			switch strings.ToLower(text) {
			case "pip":
				options.Toolchain = toolchain.Pip
			case "poetry":
				options.Toolchain = toolchain.Poetry
			case "uv":
				options.Toolchain = toolchain.Uv
			default:
				return nil, options, fmt.Errorf("runtime option \"toolchain\" must be pip, poetry or uv, got %q", text)
			}
		case "typechecker":
			return nil, options, errors.New(
				"runtime option \"typechecker\" is not known to this language host: remove it and run the type checker by itself")
		}
	}
	tc, err := toolchain.ResolveToolchain(options)
	return tc, options, err
}

func (h *host) Handshake(
	context.Context, *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

func (h *host) GetRequiredPackages(
	ctx context.Context, request *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	tc, _, err := resolve(request.Info)
	if err != nil {
		return nil, err
	}
	if err := tc.ValidateVenv(ctx); err != nil {
		return nil, err
	}
	h.warmUp(ctx, tc)
	packages, err := requiredPackages(ctx, tc)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.GetRequiredPackagesResponse{Packages: packages}, nil
}

// About is asked at every preview and update: a virtual environment tells its Python's version without starting it.
func (h *host) About(ctx context.Context, request *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	tc, options, err := resolve(request.Info)
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.AboutResponse{Metadata: map[string]string{"toolchain": toolchain.Name(options.Toolchain)}}
	environment, err := environmentOf(ctx, tc)
	if err != nil {
		return nil, err
	}
	if version := environmentVersion(environment); version != "" {
		response.Executable = filepath.Join(environment, "bin", "python")
		response.Version = version
		return response, nil
	}
	info, err := tc.About(ctx)
	if err != nil {
		return nil, err
	}
	response.Executable, response.Version = info.PythonExecutable, info.PythonVersion.String()
	return response, nil
}

func (h *host) GetProgramDependencies(
	ctx context.Context, request *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	tc, _, err := resolve(request.Info)
	if err != nil {
		return nil, err
	}
	packages, err := tc.ListPackages(ctx, request.TransitiveDependencies)
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.GetProgramDependenciesResponse{}
	for _, one := range packages {
		dependency := &pulumirpc.DependencyInfo{Name: one.Name, Version: one.Version}
		response.Dependencies = append(response.Dependencies, dependency)
	}
	return response, nil
}

func (h *host) InstallDependencies(
	request *pulumirpc.InstallDependenciesRequest, stream pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	ctx, cancel := h.processes.context(stream.Context())
	defer cancel()
	tc, options, err := resolve(request.Info)
	if err != nil {
		return err
	}
	if request.IsPlugin && usesAnothersEnvironment(ctx, tc, options) {
		return nil
	}
	send := newSender(stream.Send)
	stdout := send.writer(func(text []byte) *pulumirpc.InstallDependenciesResponse {
		return &pulumirpc.InstallDependenciesResponse{Stdout: text}
	})
	stderr := send.writer(func(text []byte) *pulumirpc.InstallDependenciesResponse {
		return &pulumirpc.InstallDependenciesResponse{Stderr: text}
	})
	return tc.InstallDependencies(
		ctx, request.Info.ProgramDirectory, request.UseLanguageVersionTools, true, stdout, stderr)
}

// usesAnothersEnvironment says whether a plugin runs in an existing environment that is not its own, as a component
// package in its repository's does: what is installed there is not the plugin's to decide.
func usesAnothersEnvironment(ctx context.Context, tc toolchain.Toolchain, options toolchain.PythonOptions) bool {
	environment, err := environmentOf(ctx, tc)
	if err != nil || environment == "" {
		return false
	}
	inside, err := filepath.Rel(options.ProgramDir, environment)
	return err == nil && strings.HasPrefix(inside, "..") && toolchain.IsVirtualEnv(environment)
}

func (h *host) RuntimeOptionsPrompts(
	context.Context, *pulumirpc.RuntimeOptionsRequest,
) (*pulumirpc.RuntimeOptionsResponse, error) {
	return &pulumirpc.RuntimeOptionsResponse{}, nil // pip and an own virtual environment serve; there is nothing to ask
}

func (h *host) Template(
	ctx context.Context, request *pulumirpc.TemplateRequest,
) (*pulumirpc.TemplateResponse, error) {
	tc, _, err := resolve(request.Info)
	if err != nil {
		return nil, err
	}
	directory := request.Info.ProgramDirectory
	err = tc.PrepareProject(ctx, request.ProjectName, directory, false, io.Discard, os.Stderr)
	return &pulumirpc.TemplateResponse{}, err
}

func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.processes.abort()
	return &emptypb.Empty{}, nil
}
