// Package bridge presents the Terraform AWS provider as the Pulumi provider that the pulumi-aws SDKs expect.
package bridge

import (
	"context"
	"io"
	"log"
	"os"

	"github.com/hashicorp/terraform-provider-aws/xpprovider"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	bridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	sdkv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/x/muxer"
	"github.com/pulumi/pulumi-terraform-bridge/v3/unstable/metadata"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/contract"
)

const (
	Name = "aws"
	// Version is that of the pulumi-aws SDK whose tokens and properties tokens.json holds.
	Version = "7.20.0"
)

// dispatcher is the muxed provider of the bridge, which knows the half of the provider that serves a resource.
type dispatcher interface {
	ResolveDispatch(*bridge.ProviderInfo) (muxer.DispatchTable, error)
}

// Terraform is the Terraform provider, both of its halves.
func Terraform(ctx context.Context) shim.Provider {
	log.SetOutput(io.Discard) // the constructors announce themselves
	defer log.SetOutput(os.Stderr)
	framework, sdk, err := xpprovider.GetProvider(ctx)
	contract.AssertNoErrorf(err, "constructing the Terraform provider")
	sdk.TerraformVersion = "1.0.0" // without one, the provider takes its caller for Terraform 0.11
	return tfbridge.MuxShimWithDisjointgPF(ctx, sdkv2.NewProvider(sdk), framework)
}

// Provider describes the whole provider to the bridge.
func Provider(ctx context.Context) bridge.ProviderInfo {
	info := bridge.ProviderInfo{
		P:            Terraform(ctx),
		Name:         Name,
		Version:      Version,
		MetadataInfo: bridge.NewProviderMetadata(nil),
		Config:       config(),
		Resources:    map[string]*bridge.ResourceInfo{},
		DataSources:  map[string]*bridge.DataSourceInfo{},
		SkipValidateProviderConfigForPluginFramework: true, // the other half validates the same configuration
	}
	table := loadTable()
	for name, entry := range table.Resources {
		info.Resources[name] = entry.resource()
	}
	for name, entry := range table.Functions {
		info.DataSources[name] = entry.dataSource()
	}
	applyAutoNames(info.Resources, table.Resources)
	applyInputs(info.Resources, table.Resources)
	applyIDs(info.Resources)

	dispatch, err := info.P.(dispatcher).ResolveDispatch(&info)
	contract.AssertNoErrorf(err, "tokens.json names something that this provider does not serve")
	contract.AssertNoErrorf(metadata.Set(info.GetMetadata(), "mux", dispatch), "storing the dispatch table")
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
