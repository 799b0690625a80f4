package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The exit code by which pulumi-language-python-exec says that it has already shown the user what went wrong.
const alreadyShown = 32

// Run executes a program once, for a preview or an update.
func (h *host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	ctx, cancel := h.processes.context(ctx)
	defer cancel()
	if request.AttachDebugger {
		return nil, status.Error(codes.Unimplemented, "this language host cannot attach a debugger")
	}
	command, told, err := h.program(ctx, request)
	if err != nil {
		return nil, err
	}
	if python := h.warmed.take(command); python != nil && python.become(told) {
		err = python.wait(ctx)
	} else {
		command.Dir = told.Directory
		command.Args = append(command.Args, told.Arguments...)
		for name, value := range told.Environment {
			command.Env = append(command.Env, name+"="+value)
		}
		err = h.processes.run(ctx, command, lines{os.Stdout}, lines{os.Stderr})
	}
	code, ended := exitCode(err)
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case ended && code == alreadyShown:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case ended:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("Program exited with non-zero exit code: %d", code)}, nil
	case errors.Is(err, context.Canceled):
		return nil, status.Error(codes.Canceled, "the program was cancelled")
	default: // it could not be started, or a signal ended it
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("Program did not run to its end: %v (%s)", err, command.Path)}, nil
	}
}

// program is the command that starts Python on the executor, and what is told to it of the program.
func (h *host) program(ctx context.Context, request *pulumirpc.RunRequest) (*exec.Cmd, start, error) {
	told := start{Directory: request.Pwd, Environment: map[string]string{}}
	tc, _, err := resolve(request.Info)
	if err != nil {
		return nil, told, err
	}
	if err := tc.ValidateVenv(ctx); err != nil {
		return nil, told, err
	}
	for _, option := range []struct{ name, value string }{
		{"monitor", request.MonitorAddress},
		{"engine", h.engine},
		{"project", request.Project},
		{"stack", request.Stack},
		{"organization", request.Organization},
		{"root_directory", request.Info.RootDirectory},
		{"pwd", request.Pwd},
		{"dry_run", strconv.FormatBool(request.DryRun)},
		{"parallel", strconv.Itoa(int(request.Parallel))},
		{"tracing", h.tracing},
	} {
		if option.value != "" {
			told.Arguments = append(told.Arguments, "--"+option.name, option.value)
		}
	}
	program := filepath.Join(request.Info.ProgramDirectory, request.Info.EntryPoint)
	told.Arguments = append(append(told.Arguments, program), request.Args...)
	for name, value := range map[string]any{
		"PULUMI_CONFIG":             nonNil(request.GetConfig()),
		"PULUMI_CONFIG_SECRET_KEYS": append([]string{}, request.GetConfigSecretKeys()...),
	} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, told, fmt.Errorf("encoding %s: %w", name, err)
		}
		told.Environment[name] = string(text)
	}
	command, err := python(ctx, tc, "-u", h.executor)
	return command, told, err
}

// python is a command in the program's environment.
func python(ctx context.Context, tc toolchain.Toolchain, arguments ...string) (*exec.Cmd, error) {
	command, err := tc.Command(ctx, arguments...)
	if err == nil && command.Env == nil {
		command.Env = os.Environ()
	}
	return command, err
}

// nonNil is for JSON: the program wants an empty object, not null.
func nonNil(config map[string]string) map[string]string {
	if config == nil {
		return map[string]string{}
	}
	return config
}

// RunPlugin executes a plugin that is written in Python: a component package, say.
func (h *host) RunPlugin(request *pulumirpc.RunPluginRequest, stream pulumirpc.LanguageRuntime_RunPluginServer) error {
	ctx, cancel := h.processes.context(stream.Context())
	defer cancel()
	if request.AttachDebugger {
		return status.Error(codes.Unimplemented, "this language host cannot attach a debugger")
	}
	tc, _, err := resolve(request.Info)
	if err != nil {
		return err
	}
	if err := tc.ValidateVenv(ctx); err != nil {
		return err
	}
	arguments := append([]string{"-u", request.Info.ProgramDirectory}, request.Args...)
	command, err := python(ctx, tc, arguments...)
	if err != nil {
		return err
	}
	command.Dir = request.Pwd
	command.Env = append(command.Env, request.Env...)

	send := newSender(stream.Send)
	stdout := send.writer(func(text []byte) *pulumirpc.RunPluginResponse {
		return &pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stdout{Stdout: text}}
	})
	stderr := send.writer(func(text []byte) *pulumirpc.RunPluginResponse {
		return &pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stderr{Stderr: text}}
	})
	err = h.processes.run(ctx, command, stdout, stderr)
	code, ended := exitCode(err)
	if err != nil && !ended {
		return err
	}
	return stream.Send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(code)}})
}

// lines passes a program's output on; being no file, it is fed by a pipe that a program's left-over children cannot
// keep open for ever.
type lines struct{ file *os.File }

func (l lines) Write(text []byte) (int, error) { return l.file.Write(text) }

// sender lets two writers share one stream of messages.
type sender[M any] struct {
	mutex sync.Mutex
	send  func(*M) error
}

func newSender[M any](send func(*M) error) *sender[M] { return &sender[M]{send: send} }

func (s *sender[M]) writer(wrap func([]byte) *M) writer {
	return func(text []byte) (int, error) {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if err := s.send(wrap(append([]byte(nil), text...))); err != nil {
			return 0, err
		}
		return len(text), nil
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(text []byte) (int, error) { return w(text) }
