// The Pulumi provider for AWS, with the services of prepare.py.
package main

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"

	"slipway/toolchain/pulumi-resource-aws/bridge"
)

func main() {
	if err := bridge.Serve(context.Background()); err != nil {
		cmdutil.ExitError(err.Error())
	}
}
