// Package gatewayapi only names the module whose resource definitions the cluster gets.
package gatewayapi

import _ "sigs.k8s.io/gateway-api/apis/v1"
