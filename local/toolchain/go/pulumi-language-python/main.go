// Pulumi's language host for Python: a small server that the engine starts once per command and asks to run programs.
//
// It builds on the SDK's own Python toolchain package and on the SDK's pulumi-language-python-exec, which lies beside
// the binary. What it adds is speed (no Python process but the program itself) and a clean end: a program never outlives
// its engine, and never says more than its own traceback.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// An engine that was killed cannot say so: it is asked this often whether it is still there.
const engineCheck = time.Second

func main() {
	if err := serve(); err != nil {
		cmdutil.ExitError(err.Error())
	}
}

func serve() error {
	// What every plugin is given. An own set: the SDK's logging has put some of these names into the default one.
	flags := flag.NewFlagSet("pulumi-language-python", flag.ExitOnError)
	tracing := flags.String("tracing", "", "endpoint that traces are sent to")
	logToStderr := flags.Bool("logtostderr", false, "log to standard error")
	verbose := flags.Int("v", 0, "level of logging")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return err
	}
	logging.InitLogging(*logToStderr, *verbose, false)

	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the language host's own folder: %w", err)
	}
	engine := flags.Arg(0)

	// The engine interrupts its plugins when it is done with them, and the terminal's Ctrl-C reaches the engine alone.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if engine != "" {
		if err := rpcutil.Healthcheck(ctx, engine, engineCheck, stop); err != nil {
			return fmt.Errorf("watching the engine at %s: %w", engine, err)
		}
	}

	processes := newProcesses(ctx)
	host := &host{
		executor:  filepath.Join(filepath.Dir(self), "pulumi-language-python-exec"),
		engine:    engine,
		tracing:   *tracing,
		processes: processes,
	}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, host)
			return nil
		},
	})
	if err != nil {
		return fmt.Errorf("starting the language host's server: %w", err)
	}
	fmt.Printf("%d\n", handle.Port) // how the engine learns where to connect

	select {
	case err := <-handle.Done:
		return err
	case <-ctx.Done():
		processes.wait()
		return nil
	}
}
