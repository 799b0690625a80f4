package bridge

import (
	"strings"

	bridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// autoNames are the properties that name a resource in AWS when a program does not: the resource's own name, a dash
// and random characters. A property called "name" needs no entry unless AWS is stricter than the general rule.
var autoNames = map[string]struct {
	property string
	options  bridge.AutoNameOptions
}{
	"aws_backup_restore_testing_plan":   {"name", bridge.AutoNameOptions{Separator: "_", Maxlen: 255, Randlen: 7}},
	"aws_cloudwatch_event_rule":         {"name", upTo(64)},
	"aws_cloudwatch_event_target":       {"target_id", upTo(255)},
	"aws_cloudwatch_metric_alarm":       {"alarm_name", upTo(255)},
	"aws_db_instance":                   {"identifier", bridge.AutoNameOptions{Maxlen: 255, Randlen: 7}},
	"aws_eks_fargate_profile":           {"fargate_profile_name", upTo(255)},
	"aws_eks_node_group":                {"node_group_name", upTo(255)},
	"aws_elasticache_cluster":           {"cluster_id", lowerCase(50)},
	"aws_elasticache_replication_group": {"replication_group_id", lowerCase(40)},
	"aws_iam_role":                      {"name", upTo(64)},
	"aws_key_pair":                      {"key_name", upTo(255)},
	"aws_kms_alias":                     {"name", kmsAlias()},
	"aws_lambda_function":               {"function_name", upTo(64)},
	"aws_lambda_permission":             {"statement_id", upTo(100)},
	"aws_lb_target_group":               {"name", upTo(32)},
	"aws_opensearch_domain":             {"domain_name", upTo(255)},
	"aws_s3_bucket":                     {"bucket", lowerCase(63)},
	"aws_s3_bucket_object":              {"key", bridge.AutoNameOptions{}},
	"aws_s3_object":                     {"key", bridge.AutoNameOptions{}},
	"aws_sns_topic":                     {"name", fifo("fifoTopic")},
	"aws_sqs_queue":                     {"name", fifo("fifoQueue")},
}

// notAutoNamed have a "name" that means something outside of AWS.
var notAutoNamed = map[string]bool{
	"aws_route53_record": true, // the DNS name
}

func upTo(length int) bridge.AutoNameOptions {
	return bridge.AutoNameOptions{Separator: "-", Maxlen: length, Randlen: 7}
}

func lowerCase(length int) bridge.AutoNameOptions {
	options := upTo(length)
	options.Transform = strings.ToLower
	return options
}

func kmsAlias() bridge.AutoNameOptions {
	const prefix = "alias/"
	options := upTo(238)
	options.PostTransform = func(_ *bridge.PulumiResource, name string) (string, error) {
		return prefix + strings.TrimPrefix(name, prefix), nil
	}
	return options
}

// fifo names end in .fifo, which AWS asks of FIFO queues and topics and refuses to others.
func fifo(property resource.PropertyKey) bridge.AutoNameOptions {
	options := upTo(80)
	options.PostTransform = func(res *bridge.PulumiResource, name string) (string, error) {
		if value := res.Properties[property]; value.IsBool() && value.BoolValue() {
			return name + ".fifo", nil
		}
		return name, nil
	}
	return options
}

func applyAutoNames(resources map[string]*bridge.ResourceInfo, table map[string]entry) {
	for terraform, info := range resources {
		if special, ok := autoNames[terraform]; ok {
			setAutoName(info, special.property, special.options)
		} else if table[terraform].Name && !notAutoNamed[terraform] {
			setAutoName(info, "name", upTo(255))
		}
	}
	inlinePolicy := property(resources["aws_iam_role"], "inline_policy")
	inlinePolicy.Elem = &bridge.SchemaInfo{Fields: map[string]*bridge.SchemaInfo{"name": bridge.AutoName("name", 128, "-")}}
}

func setAutoName(info *bridge.ResourceInfo, name string, options bridge.AutoNameOptions) {
	property(info, name).Default = bridge.AutoNameWithCustomOptions("", options).Default
}

// property is the place for overrides of a property, made if there is none.
func property(info *bridge.ResourceInfo, name string) *bridge.SchemaInfo {
	if info.Fields[name] == nil {
		info.Fields[name] = &bridge.SchemaInfo{}
	}
	return info.Fields[name]
}
