// Describe prints the properties of all resources and data sources, named by the bridge's own rules, for
// update_tokens.py to hold against the SDK.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"

	"slipway/toolchain/pulumi-resource-aws/bridge"
)

type property struct {
	Name   string              `json:"name"`
	Input  bool                `json:"input,omitempty"`  // a program may set it
	Text   bool                `json:"text,omitempty"`   // a string in Terraform
	List   bool                `json:"list,omitempty"`   // a list or set in Terraform
	Single bool                `json:"single,omitempty"` // … of at most one item, which Pulumi shows as that item
	Elem   bool                `json:"elem,omitempty"`   // overrides of its fields lie under "elem"
	Fields map[string]property `json:"fields,omitempty"`
}

type entity struct {
	Framework  bool                `json:"framework,omitempty"`
	Properties map[string]property `json:"properties"`
}

func main() {
	described := map[string]map[string]entity{"resources": {}, "functions": {}}
	sdk, framework := bridge.Terraform(context.Background())
	for _, half := range []shim.Provider{sdk, framework} {
		describe(half.ResourcesMap(), half == framework, described["resources"])
		describe(half.DataSourcesMap(), half == framework, described["functions"])
	}
	if err := json.NewEncoder(os.Stdout).Encode(described); err != nil {
		log.Fatal(err)
	}
}

func describe(entities shim.ResourceMap, framework bool, described map[string]entity) {
	entities.Range(func(name string, e shim.Resource) bool {
		described[name] = entity{Framework: framework, Properties: properties(e.Schema())}
		return true
	})
}

func properties(schema shim.SchemaMap) map[string]property {
	described := map[string]property{}
	schema.Range(func(name string, s shim.Schema) bool {
		p := property{
			Name:   tfbridge.TerraformToPulumiNameV2(name, schema, nil),
			Input:  (s.Optional() || s.Required()) && s.Deprecated() == "",
			Text:   s.Type() == shim.TypeString,
			List:   s.Type() == shim.TypeList || s.Type() == shim.TypeSet,
			Single: tfbridge.IsMaxItemsOne(s, nil),
		}
		object, nested := nestedObject(s)
		// The bridge looks for a single object's fields beside it, for those of a collection's items under its element.
		p.Elem = nested && !(s.Type() == shim.TypeMap && isObject(s.Elem()))
		if nested {
			p.Fields = properties(object.Schema())
		}
		described[name] = p
		return true
	})
	return described
}

func isObject(elem any) bool {
	_, ok := elem.(shim.Resource)
	return ok
}

func nestedObject(s shim.Schema) (shim.Resource, bool) {
	switch elem := s.Elem().(type) {
	case shim.Resource:
		return elem, true
	case shim.Schema:
		return nestedObject(elem)
	default:
		return nil, false
	}
}
