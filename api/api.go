// Package api holds the description of the Visma Tid API, in OpenAPI 3.1: for generators, mock servers and programs that
// work from it.
package api

import _ "embed"

//go:embed openapi.yaml
var openAPI string

// OpenAPI returns the description, in YAML.
func OpenAPI() string { return openAPI }
