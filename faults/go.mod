module github.com/vismatid/tid/faults

go 1.25

replace github.com/vismatid/tid => ../

require (
	github.com/vismatid/tid v0.0.0-00010101000000-000000000000
	pgregory.net/rapid v1.3.0
)

require (
	github.com/google/go-querystring v1.2.0 // indirect
	github.com/shopspring/decimal v1.6.0 // indirect
	golang.org/x/time v0.14.0 // indirect
)
