// Pulumi's docker provider, less its native docker.Image: Terraform's docker provider behind Pulumi's bridge.
//
// Tokens and field names are those of the pulumi-docker SDK; prepare.py lays the Terraform provider into upstream/.
package main

import (
	"context"
	"strings"
	"unicode"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	sdkv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	upstream "slipway/toolchain/pulumi-resource-docker/upstream"
)

// Set by the build.
var version string

func member(name string) tokens.ModuleMember {
	module := string(unicode.ToLower(rune(name[0]))) + name[1:]
	return tokens.ModuleMember("docker:index/" + module + ":" + name)
}

func resource(name string) *tfbridge.ResourceInfo {
	return &tfbridge.ResourceInfo{Tok: tokens.Type(member(name))}
}

func data(name string) *tfbridge.DataSourceInfo {
	return &tfbridge.DataSourceInfo{Tok: member(name)}
}

func provider() tfbridge.ProviderInfo {
	remoteImage := resource("RemoteImage")
	remoteImage.Fields = map[string]*info.Schema{"name": {Name: "name"}} // an image's name is never made up

	container := resource("Container")
	container.DeleteBeforeReplace = true
	container.Fields = map[string]*info.Schema{
		"command":           {Name: "command"},
		"networks_advanced": {Name: "networksAdvanced"},
	}

	bridged := tfbridge.ProviderInfo{
		P:       sdkv2.NewProvider(upstream.New(version)()),
		Name:    "docker",
		Version: strings.TrimPrefix(version, "v"),
		Config: map[string]*info.Schema{
			"host": {Default: &info.Default{
				EnvVars: []string{"DOCKER_HOST"},
				ComputeDefault: func(context.Context, info.ComputeDefaultOptions) (any, error) {
					return "unix:///var/run/docker.sock", nil
				},
			}},
			"registry_auth": {Name: "registryAuth", MaxItemsOne: tfbridge.False()},
		},
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_buildx_builder": resource("BuildxBuilder"),
			"docker_config":         resource("ServiceConfig"),
			"docker_container":      container,
			"docker_image":          remoteImage,
			"docker_network":        resource("Network"),
			"docker_plugin":         resource("Plugin"),
			"docker_registry_image": resource("RegistryImage"),
			"docker_secret":         resource("Secret"),
			"docker_service":        resource("Service"),
			"docker_tag":            resource("Tag"),
			"docker_volume":         resource("Volume"),
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"docker_image":                    data("getRemoteImage"),
			"docker_logs":                     data("getLogs"),
			"docker_network":                  data("getNetwork"),
			"docker_plugin":                   data("getPlugin"),
			"docker_registry_image":           data("getRegistryImage"),
			"docker_registry_image_manifests": data("getRegistryImageManifests"),
		},
	}
	bridged.SetAutonaming(255, "-")
	return bridged
}

func main() {
	// No schema: SDKs are generated from the publisher's, this provider only serves them.
	tfbridge.Main("docker", version, provider(), nil)
}
