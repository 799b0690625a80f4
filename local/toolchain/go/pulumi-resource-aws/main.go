// The Pulumi provider for AWS, with the services of prepare.py.
package main

import (
	"context"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"

	"slipway/toolchain/pulumi-resource-aws/bridge"
)

// What GetSchema answers. Programs use the published SDKs, which are generated from the schema of the whole provider;
// a schema of this part of it would serve no one.
const schema = `{"name": "` + bridge.Name + `", "version": "` + bridge.Version + `"}`

func main() {
	ctx := context.Background()
	tfbridge.MainWithMuxer(ctx, bridge.Name, bridge.Provider(ctx), []byte(schema))
}
