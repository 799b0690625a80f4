// Package bridge presents the Terraform AWS provider as the Pulumi provider that the pulumi-aws SDKs expect.
package bridge

import (
	"context"
	"io"
	"log"
	"os"

	"github.com/hashicorp/terraform-provider-aws/xpprovider"
	framework "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	bridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	sdkv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/x/muxer"
	"github.com/pulumi/pulumi/pkg/v3/resource/provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/contract"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const name = "aws"

// version is that of the pulumi-aws SDK whose tokens and properties tokens.json holds; the build sets it.
var version string

// schema is what GetSchema answers. Programs use the published SDKs, which are generated from the schema of the whole
// provider; a schema of this part of it would serve no one.
var schema = []byte(`{"name": "` + name + `", "version": "` + version + `"}`)

// Terraform is the Terraform provider, which is two: resources written with the older SDK and with the framework.
func Terraform(ctx context.Context) (sdk, fw shim.Provider) {
	log.SetOutput(io.Discard) // the constructors announce themselves
	defer log.SetOutput(os.Stderr)
	fwProvider, sdkProvider, err := xpprovider.GetProvider(ctx)
	contract.AssertNoErrorf(err, "constructing the Terraform provider")
	sdkProvider.TerraformVersion = "1.0.0" // without one, the provider takes its caller for Terraform 0.11
	return sdkv2.NewProvider(sdkProvider), framework.ShimProviderWithContext(ctx, fwProvider)
}

// Serve answers the engine's calls until the engine ends the connection.
//
// The bridge has a main function for such twins. It asks both, several times and for each resource, who serves it, and
// every answer makes the resource's schema anew: here tokens.json knows, and the provider starts in half the time.
func Serve(ctx context.Context) error {
	table := loadTable()
	sdk, fw := Terraform(ctx)
	server := muxer.Main{
		Schema:        schema,
		DispatchTable: table.dispatch(),
		Servers: []muxer.Endpoint{
			sdkServer: {Server: func(host *provider.HostClient) (pulumirpc.ResourceProviderServer, error) {
				return bridge.NewProvider(ctx, host, name, version, sdk, table.info(sdk), schema), nil
			}},
			frameworkServer: {Server: func(host *provider.HostClient) (pulumirpc.ResourceProviderServer, error) {
				metadata := framework.ProviderMetadata{PackageSchema: schema}
				return framework.NewProviderServer(ctx, host, table.info(fw), metadata)
			}},
		},
	}
	return provider.Main(name, func(host *provider.HostClient) (pulumirpc.ResourceProviderServer, error) {
		return server.Server(host, name, version)
	})
}

func (t table) info(p shim.Provider) bridge.ProviderInfo {
	info := bridge.ProviderInfo{
		P:            p,
		Name:         name,
		Version:      version,
		MetadataInfo: bridge.NewProviderMetadata(nil),
		Config:       config(),
		Resources:    map[string]*bridge.ResourceInfo{},
		DataSources:  map[string]*bridge.DataSourceInfo{},
		// Both halves get the same configuration, and the other one validates it.
		SkipValidateProviderConfigForPluginFramework: true,
	}
	for name, entry := range t.Resources {
		info.Resources[name] = entry.resource()
	}
	for name, entry := range t.Functions {
		info.DataSources[name] = entry.dataSource()
	}
	applyAutoNames(info.Resources, t.Resources)
	applyInputs(info.Resources, t.Resources)
	applyIDs(info.Resources)
	return info
}

func config() map[string]*bridge.SchemaInfo {
	return map[string]*bridge.SchemaInfo{
		"region":                      {Default: &bridge.DefaultInfo{EnvVars: []string{"AWS_REGION", "AWS_DEFAULT_REGION"}}},
		"skip_region_validation":      {Default: &bridge.DefaultInfo{Value: true}},
		"skip_credentials_validation": {Default: &bridge.DefaultInfo{Value: false}},
		"skip_metadata_api_check":     {Type: "boolean"},
		"access_key":                  {Secret: bridge.True()},
		"secret_key":                  {Secret: bridge.True()},
		"token":                       {Secret: bridge.True()},
	}
}
