module github.com/vismatid/tid/faults

go 1.25

replace github.com/vismatid/tid => ../

require (
	github.com/stretchr/testify v1.12.1
	github.com/vismatid/tid v0.0.0-00010101000000-000000000000
	golang.org/x/net v0.50.0
	pgregory.net/rapid v1.3.0
)

require (
	github.com/google/go-querystring v1.2.0 // indirect
	github.com/shopspring/decimal v1.6.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/text v0.34.0 // indirect
	golang.org/x/time v0.14.0 // indirect
)
