// Command metrics-server answers the resource metrics API, which the horizontal pod autoscaler asks.
//
// Its own command does not compile with the cluster's Kubernetes libraries, its server does. This one takes the flags
// that a cluster with verified kubelet certificates needs, under the same names.
package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apiserver/pkg/endpoints/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/options"
	"k8s.io/apiserver/pkg/util/compatibility"
	"k8s.io/client-go/rest"
	"k8s.io/component-base/cli"
	"sigs.k8s.io/metrics-server/pkg/api"
	generatedopenapi "sigs.k8s.io/metrics-server/pkg/api/generated/openapi"
	"sigs.k8s.io/metrics-server/pkg/scraper/client"
	"sigs.k8s.io/metrics-server/pkg/server"
)

type settings struct {
	serving           *options.SecureServingOptionsWithLoopback
	authentication    *options.DelegatingAuthenticationOptions
	authorization     *options.DelegatingAuthorizationOptions
	kubeletAuthority  string
	kubeletAddresses  []string
	useNodeStatusPort bool
	resolution        time.Duration
}

func main() {
	chosen := settings{
		serving:        options.NewSecureServingOptions().WithLoopback(),
		authentication: options.NewDelegatingAuthenticationOptions(),
		authorization:  options.NewDelegatingAuthorizationOptions(),
	}
	command := &cobra.Command{
		Use:  "metrics-server",
		RunE: func(*cobra.Command, []string) error { return chosen.run() },
	}
	flags := command.Flags()
	chosen.serving.AddFlags(flags)
	chosen.authentication.AddFlags(flags)
	chosen.authorization.AddFlags(flags)
	flags.StringVar(&chosen.kubeletAuthority, "kubelet-certificate-authority", "", "file of the authority that signed the kubelets' certificates")
	flags.StringSliceVar(&chosen.kubeletAddresses, "kubelet-preferred-address-types", []string{"InternalIP"}, "which of a node's addresses to use, the first that it has")
	flags.BoolVar(&chosen.useNodeStatusPort, "kubelet-use-node-status-port", true, "use the port that the node reports")
	flags.DurationVar(&chosen.resolution, "metric-resolution", 60*time.Second, "how often the kubelets are asked")
	os.Exit(cli.Run(command))
}

func (chosen settings) run() error {
	apiserver, err := chosen.apiserver()
	if err != nil {
		return err
	}
	cluster, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	metrics, err := server.Config{
		Apiserver:        apiserver,
		Rest:             cluster,
		Kubelet:          chosen.kubelet(cluster),
		MetricResolution: chosen.resolution,
		ScrapeTimeout:    chosen.resolution * 9 / 10,
	}.Complete()
	if err != nil {
		return err
	}
	return metrics.RunUntil(genericapiserver.SetupSignalHandler())
}

func (chosen settings) apiserver() (*genericapiserver.Config, error) {
	config := genericapiserver.NewConfig(api.Codecs)
	if err := chosen.serving.ApplyTo(&config.SecureServing, &config.LoopbackClientConfig); err != nil {
		return nil, err
	}
	if err := chosen.authentication.ApplyTo(&config.Authentication, config.SecureServing, nil); err != nil {
		return nil, err
	}
	if err := chosen.authorization.ApplyTo(&config.Authorization); err != nil {
		return nil, err
	}
	names := openapi.NewDefinitionNamer(api.Scheme)
	config.EffectiveVersion = compatibility.DefaultBuildEffectiveVersion()
	config.OpenAPIConfig = genericapiserver.DefaultOpenAPIConfig(generatedopenapi.GetOpenAPIDefinitions, names)
	config.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(generatedopenapi.GetOpenAPIDefinitions, names)
	config.OpenAPIConfig.Info.Title = "Kubernetes metrics-server"
	config.OpenAPIV3Config.Info.Title = "Kubernetes metrics-server"
	return config, nil
}

func (chosen settings) kubelet(cluster *rest.Config) *client.KubeletClientConfig {
	config := &client.KubeletClientConfig{
		Scheme:            "https",
		DefaultPort:       10250,
		UseNodeStatusPort: chosen.useNodeStatusPort,
		Client:            *rest.CopyConfig(cluster),
	}
	for _, kind := range chosen.kubeletAddresses {
		config.AddressTypePriority = append(config.AddressTypePriority, corev1.NodeAddressType(kind))
	}
	config.Client.CAFile, config.Client.CAData = chosen.kubeletAuthority, nil
	return config
}
