package bridge

import (
	"context"
	"fmt"
	"strings"

	bridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// id says which properties make the id of a resource that has none in Terraform, and what stands between them.
type id struct {
	separator  string
	properties []resource.PropertyKey
}

func only(property resource.PropertyKey) id {
	return id{properties: []resource.PropertyKey{property}}
}

func joined(properties ...resource.PropertyKey) id {
	return id{",", properties}
}

var ids = map[string]id{
	"aws_backup_restore_testing_plan":                   only("name"),
	"aws_backup_restore_testing_selection":              {":", []resource.PropertyKey{"name", "restoreTestingPlanName"}},
	"aws_cloudwatch_contributor_insight_rule":           only("name"),
	"aws_cloudwatch_contributor_managed_insight_rule":   only("arn"),
	"aws_cloudwatch_log_anomaly_detector":               only("arn"),
	"aws_cloudwatch_log_delivery_destination":           only("name"),
	"aws_cloudwatch_log_delivery_destination_policy":    only("deliveryDestinationName"),
	"aws_cloudwatch_log_delivery_source":                only("name"),
	"aws_cloudwatch_log_index_policy":                   only("logGroupName"),
	"aws_cloudwatch_log_transformer":                    only("logGroupArn"),
	"aws_dynamodb_global_secondary_index":               joined("tableName", "indexName"),
	"aws_ec2_default_credit_specification":              only("instanceFamily"),
	"aws_ecr_account_setting":                           only("name"),
	"aws_ecr_pull_time_update_exclusion":                only("principalArn"),
	"aws_guardduty_member_detector_feature":             joined("detectorId", "accountId", "name"),
	"aws_iam_group_policies_exclusive":                  only("groupName"),
	"aws_iam_group_policy_attachments_exclusive":        only("groupName"),
	"aws_iam_outbound_web_identity_federation":          only("issuerIdentifier"),
	"aws_iam_role_policies_exclusive":                   only("roleName"),
	"aws_iam_role_policy_attachments_exclusive":         only("roleName"),
	"aws_iam_user_policies_exclusive":                   only("userName"),
	"aws_iam_user_policy_attachments_exclusive":         only("userName"),
	"aws_inspector2_filter":                             only("arn"),
	"aws_lambda_capacity_provider":                      only("name"),
	"aws_lambda_function_recursion_config":              only("functionName"),
	"aws_lambda_runtime_management_config":              {"__", []resource.PropertyKey{"functionName", "qualifier"}},
	"aws_nat_gateway_eip_association":                   joined("natGatewayId", "allocationId"),
	"aws_network_interface_permission":                  only("networkInterfacePermissionId"),
	"aws_opensearch_authorize_vpc_endpoint_access":      only("domainName"),
	"aws_prometheus_query_logging_configuration":        only("workspaceId"),
	"aws_prometheus_resource_policy":                    only("workspaceId"),
	"aws_prometheus_workspace_configuration":            only("workspaceId"),
	"aws_rds_instance_state":                            only("identifier"),
	"aws_rds_shard_group":                               only("dbShardGroupIdentifier"),
	"aws_route53_records_exclusive":                     only("zoneId"),
	"aws_s3_bucket_abac":                                only("bucket"),
	"aws_s3_bucket_metadata_configuration":              only("bucket"),
	"aws_s3control_directory_bucket_access_point_scope": joined("name", "accountId"),
	"aws_vpc_endpoint_private_dns":                      only("vpcEndpointId"),
	"aws_vpc_endpoint_service_private_dns_verification": only("serviceId"),
	"aws_vpc_route_server":                              only("routeServerId"),
	"aws_vpc_route_server_endpoint":                     only("routeServerEndpointId"),
	"aws_vpc_route_server_peer":                         only("routeServerPeerId"),
	"aws_vpc_route_server_propagation":                  only("routeServerPropagationId"),
	"aws_vpc_route_server_vpc_association":              joined("routeServerId", "vpcId"),
	"aws_vpc_security_group_rules_exclusive":            only("securityGroupId"),
	"aws_vpc_security_group_vpc_association":            joined("securityGroupId", "vpcId"),
	"aws_wafv2_api_key":                                 joined("apiKey", "scope"),
	"aws_wafv2_web_acl_rule_group_association":          joined("webAclArn", "ruleGroupArn", "ruleName"),
}

func applyIDs(resources map[string]*bridge.ResourceInfo) {
	for terraform, id := range ids {
		resources[terraform].ComputeID = id.compute
	}
}

func (i id) compute(_ context.Context, state resource.PropertyMap) (resource.ID, error) {
	parts := make([]string, 0, len(i.properties))
	for _, property := range i.properties {
		value := state[property]
		if !value.IsString() || value.StringValue() == "" {
			return "", fmt.Errorf("the id is made of %v, but %s has no value", i.properties, property)
		}
		parts = append(parts, value.StringValue())
	}
	return resource.ID(strings.Join(parts, i.separator)), nil
}
