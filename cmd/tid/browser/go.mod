module github.com/vismatid/tid/cmd/tid/browser

go 1.25.0

require (
	github.com/chromedp/cdproto v0.159.0
	github.com/chromedp/chromedp v0.23.0
	github.com/stretchr/testify v1.12.1
	github.com/vismatid/tid/cmd/tid v0.0.0
)

require (
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	github.com/google/go-querystring v1.2.0 // indirect
	github.com/shopspring/decimal v1.6.0 // indirect
	github.com/vismatid/tid v0.0.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/time v0.14.0 // indirect
)

replace (
	github.com/vismatid/tid => ../../..
	github.com/vismatid/tid/cmd/tid => ../
	github.com/vismatid/tid/mirror => ../../../mirror
)
