package bridge

import (
	_ "embed"
	"encoding/json"

	bridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/x/muxer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/contract"
)

// tokens.json is written by update_tokens.py from the Python SDK.
//
//go:embed tokens.json
var tableJSON []byte

type table struct {
	Resources map[string]entry `json:"resources"`
	Functions map[string]entry `json:"functions"`
}

// entry says what a Terraform resource or data source is called, and where its properties differ from the bridge's
// own rules for names and lists of one item. It also tells what the provider itself could be asked: who serves it, and
// which of the inputs that this package fills in there are. The answers would cost most of the time to start.
type entry struct {
	Token     string           `json:"token"`
	Name      bool             `json:"name,omitempty"`
	Region    bool             `json:"region,omitempty"`
	Tags      bool             `json:"tags,omitempty"` // with tagsAll
	Framework bool             `json:"framework,omitempty"`
	Fields    map[string]field `json:"fields,omitempty"`
}

type field struct {
	Name        string           `json:"name,omitempty"`
	Type        tokens.Type      `json:"type,omitempty"`
	MaxItemsOne *bool            `json:"maxItemsOne,omitempty"`
	Fields      map[string]field `json:"fields,omitempty"`
	Elem        *field           `json:"elem,omitempty"`
}

func loadTable() table {
	var t table
	contract.AssertNoErrorf(json.Unmarshal(tableJSON, &t), "tokens.json is embedded")
	return t
}

// The servers of the two halves, by their place in the muxed server.
const (
	sdkServer = iota
	frameworkServer
)

func (t table) dispatch() muxer.DispatchTable {
	var dispatch muxer.DispatchTable
	dispatch.Resources = servers(t.Resources)
	dispatch.Functions = servers(t.Functions)
	return dispatch
}

func servers(entries map[string]entry) map[string]int {
	result := make(map[string]int, len(entries))
	for _, e := range entries {
		result[e.Token] = sdkServer
		if e.Framework {
			result[e.Token] = frameworkServer
		}
	}
	return result
}

func (e entry) resource() *bridge.ResourceInfo {
	return &bridge.ResourceInfo{Tok: tokens.Type(e.Token), Fields: schemas(e.Fields)}
}

func (e entry) dataSource() *bridge.DataSourceInfo {
	return &bridge.DataSourceInfo{Tok: tokens.ModuleMember(e.Token), Fields: schemas(e.Fields)}
}

func schemas(fields map[string]field) map[string]*bridge.SchemaInfo {
	result := make(map[string]*bridge.SchemaInfo, len(fields))
	for name, f := range fields {
		result[name] = f.schema()
	}
	return result
}

func (f field) schema() *bridge.SchemaInfo {
	info := &bridge.SchemaInfo{Name: f.Name, Type: f.Type, MaxItemsOne: f.MaxItemsOne, Fields: schemas(f.Fields)}
	if f.Elem != nil {
		info.Elem = f.Elem.schema()
	}
	return info
}
