package bridge

import (
	"context"
	"strings"

	bridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// descriptions are required by AWS or cannot be changed later, so that an empty one would be for ever.
var descriptions = map[string]string{
	"aws_db_option_group":             "option_group_description",
	"aws_db_parameter_group":          "description",
	"aws_db_subnet_group":             "description",
	"aws_elasticache_parameter_group": "description",
	"aws_elasticache_subnet_group":    "description",
	"aws_rds_cluster_parameter_group": "description",
	"aws_route53_zone":                "comment",
	"aws_security_group":              "description",
}

// documents are JSON texts that a program may also give as objects.
var documents = map[string]string{
	"aws_cloudwatch_log_resource_policy": "policy_document",
	"aws_ecr_lifecycle_policy":           "policy",
	"aws_ecr_registry_policy":            "policy",
	"aws_ecr_repository_policy":          "policy",
	"aws_iam_group_policy":               "policy",
	"aws_iam_policy":                     "policy",
	"aws_iam_role":                       "assume_role_policy",
	"aws_iam_role_policy":                "policy",
	"aws_iam_user_policy":                "policy",
	"aws_s3_bucket":                      "policy",
	"aws_s3_bucket_policy":               "policy",
	"aws_sns_topic_policy":               "policy",
	"aws_sqs_queue_policy":               "policy",
}

// files are local paths in Terraform and assets in Pulumi.
var files = map[string]struct {
	property    string
	translation bridge.AssetTranslation
}{
	"aws_lambda_function":      {"filename", codeArchive},
	"aws_lambda_layer_version": {"filename", codeArchive},
	"aws_s3_bucket_object":     {"source", bridge.AssetTranslation{Kind: bridge.FileAsset}},
	"aws_s3_object":            {"source", bridge.AssetTranslation{Kind: bridge.FileAsset}},
}

var codeArchive = bridge.AssetTranslation{
	Kind: bridge.FileArchive, Format: resource.ZIPArchive, HashField: "source_code_hash",
}

// replacedInPlace cannot exist twice: the old one goes before the new one is made.
var replacedInPlace = []string{
	"aws_cloudwatch_log_subscription_filter",
	"aws_ec2_transit_gateway_vpc_attachment",
	"aws_ecr_lifecycle_policy",
	"aws_iam_account_alias",
	"aws_iam_group_policy_attachment",
	"aws_iam_policy_attachment",
	"aws_iam_role_policy_attachment",
	"aws_iam_user_policy_attachment",
	"aws_security_group_rule",
}

func applyInputs(resources map[string]*bridge.ResourceInfo, table map[string]entry) {
	for terraform, name := range descriptions {
		property(resources[terraform], name).Default = &bridge.DefaultInfo{Value: "Managed by Pulumi"}
	}
	for terraform, name := range documents {
		property(resources[terraform], name).Transform = bridge.TransformJSONDocument
	}
	for terraform, file := range files {
		property(resources[terraform], file.property).Asset = &file.translation
	}
	for _, terraform := range replacedInPlace {
		resources[terraform].DeleteBeforeReplace = true
	}
	for terraform, info := range resources {
		entry := table[terraform]
		info.PreCheckCallback = func(
			_ context.Context, inputs resource.PropertyMap, provider resource.PropertyMap,
		) (resource.PropertyMap, error) {
			inputs = inputs.Copy()
			if entry.Region && !inputs.HasValue("region") && provider.HasValue("region") {
				inputs["region"] = provider["region"]
			}
			if entry.Tags {
				inputs["tagsAll"] = allTags(inputs["tags"], provider)
			}
			return inputs, nil
		}
	}
}

// allTags are the provider's default tags under the resource's own, without those that the provider ignores. The
// provider computes them too, but after Pulumi has compared inputs: a changed default tag would go unnoticed.
func allTags(own resource.PropertyValue, provider resource.PropertyMap) resource.PropertyValue {
	if own.ContainsUnknowns() || resource.NewObjectProperty(provider).ContainsUnknowns() {
		return resource.MakeComputed(resource.NewStringProperty(""))
	}
	all := resource.PropertyMap{}
	for _, tags := range []resource.PropertyValue{under(provider["defaultTags"], "tags"), own} {
		if tags.IsObject() {
			for key, value := range tags.ObjectValue() {
				all[key] = value
			}
		}
	}
	for _, key := range texts(under(provider["ignoreTags"], "keys")) {
		delete(all, resource.PropertyKey(key))
	}
	for _, prefix := range texts(under(provider["ignoreTags"], "keyPrefixes")) {
		for key := range all {
			if strings.HasPrefix(string(key), prefix) {
				delete(all, key)
			}
		}
	}
	return resource.NewObjectProperty(all)
}

func under(object resource.PropertyValue, key resource.PropertyKey) resource.PropertyValue {
	if !object.IsObject() {
		return resource.PropertyValue{}
	}
	return object.ObjectValue()[key]
}

func texts(list resource.PropertyValue) []string {
	if !list.IsArray() {
		return nil
	}
	var result []string
	for _, item := range list.ArrayValue() {
		if item.IsString() {
			result = append(result, item.StringValue())
		}
	}
	return result
}
