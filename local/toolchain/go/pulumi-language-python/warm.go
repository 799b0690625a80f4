package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

//go:embed warm.py
var warmScript string

// warm is a Python that has imported the SDK and waits to be told its program. The engine asks for a program's packages
// well before it runs the program, and in between it reads the state: the import costs nothing that is waited for.
type warm struct {
	command *exec.Cmd
	stdin   io.WriteCloser
	cancel  context.CancelFunc
	ended   chan error
}

// start is what a waiting Python is told: the arguments and the environment of the program that it is to become.
type start struct {
	Arguments   []string          `json:"arguments"`
	Environment map[string]string `json:"environment"`
	Directory   string            `json:"directory"`
}

// warmed keeps the one Python that waits, if there is one.
type warmed struct {
	mutex   sync.Mutex
	waiting *warm
}

// warmUp starts a Python that waits. One that cannot be started is no error: the program is then started as usual.
func (h *host) warmUp(ctx context.Context, tc toolchain.Toolchain) {
	h.warmed.mutex.Lock()
	defer h.warmed.mutex.Unlock()
	if h.warmed.waiting != nil {
		return
	}
	// It outlives this call, but neither the host nor an abort.
	ctx, cancel := h.processes.context(context.WithoutCancel(ctx))
	command, err := python(ctx, tc, "-u", "-c", warmScript, h.executor)
	if err != nil {
		cancel()
		return
	}
	stdin, err := command.StdinPipe()
	if err != nil {
		cancel()
		return
	}
	waiting := &warm{command: command, stdin: stdin, cancel: cancel, ended: make(chan error, 1)}
	go func() {
		defer cancel()
		waiting.ended <- h.processes.run(ctx, command, lines{os.Stdout}, lines{os.Stderr})
	}()
	h.warmed.waiting = waiting
}

// take is the Python that waits for a program which would be started by this command, if there is one.
func (w *warmed) take(command *exec.Cmd) *warm {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	python := w.waiting
	w.waiting = nil
	if python != nil && (python.command.Path != command.Path || !slices.Equal(python.command.Env, command.Env)) {
		python.cancel()
		return nil
	}
	return python
}

// become tells the Python its program. False when there is no Python any more that could be told.
func (w *warm) become(told start) bool {
	text, err := json.Marshal(told)
	if err == nil {
		_, err = w.stdin.Write(append(text, '\n'))
	}
	if err != nil {
		w.cancel()
	}
	return err == nil
}

// wait returns when the program has ended.
func (w *warm) wait(ctx context.Context) error {
	stop := context.AfterFunc(ctx, w.cancel)
	defer stop()
	err := <-w.ended
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
