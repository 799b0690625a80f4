package main

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// How long a program that was told to end may take, and how long output of processes it left behind is read.
const grace = 2 * time.Second

// processes runs Python as children that end when their call, the host or the engine ends.
type processes struct {
	mutex   sync.Mutex
	base    context.Context // ends with the host
	current context.Context // ends with the next cancel
	cancel  context.CancelFunc
	running sync.WaitGroup
}

func newProcesses(ctx context.Context) *processes {
	p := &processes{base: ctx}
	p.current, p.cancel = context.WithCancel(ctx)
	return p
}

// abort ends everything that runs now; what is started later is not concerned.
func (p *processes) abort() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.cancel()
	p.current, p.cancel = context.WithCancel(p.base)
}

// wait returns when nothing runs any more.
func (p *processes) wait() { p.running.Wait() }

// context is done when the call is, when the host ends, or at the next abort.
func (p *processes) context(call context.Context) (context.Context, context.CancelFunc) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	ctx, cancel := context.WithCancel(call)
	stop := context.AfterFunc(p.current, cancel)
	return ctx, func() { stop(); cancel() }
}

// run starts the command, copies its output and returns when it has ended. The command must come from the context
// given here.
func (p *processes) run(ctx context.Context, command *exec.Cmd, stdout, stderr io.Writer) error {
	p.running.Add(1)
	defer p.running.Done()

	// The kernel ends the child when the thread that started it ends: keep that thread until the child is done.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	command.Stdout, command.Stderr = stdout, stderr
	// A group of its own: the engine's interrupt is for the host, Python would answer it with a KeyboardInterrupt traceback.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	command.WaitDelay = grace

	err := command.Run()
	if ctx.Err() != nil && command.Process != nil {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) // whatever the program itself had started
		return ctx.Err()
	}
	if errors.Is(err, exec.ErrWaitDelay) { // ended well, but a process it started still holds its output
		return nil
	}
	return err
}

// exitCode is the code of a command that ran and ended by itself.
func exitCode(err error) (int, bool) {
	exit, ok := err.(*exec.ExitError)
	if !ok || !exit.Exited() {
		return 0, false
	}
	return exit.ExitCode(), true
}
