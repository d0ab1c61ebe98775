.PHONY: demo test check bench quality fit generate build

demo: ## the main job on the embedded GitLab
	go run ./cmd/nhi-scan demo

test: ## everything this machine can run; NHI_TEST_ALL=1 installs what is missing and skips nothing
	script/test

check: ## the quick part: format, vet, tests without the race detector
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	go test ./...

bench: ## the figures that README and docs quote
	script/bench

quality: ## detection and pipeline reading on the labelled data
	script/quality

fit: ## fits the model that scores findings anew
	script/quality fit

generate: ## docs pages and man pages
	go generate ./...

build:
	CGO_ENABLED=0 go build -trimpath -o nhi-scan ./cmd/nhi-scan
