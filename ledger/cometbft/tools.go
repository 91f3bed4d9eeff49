//go:build tools

// Package tools pins the engine that `make setup` builds, and the example application that
// benchmarks compare with.
package tools

import (
	_ "github.com/cometbft/cometbft/abci/cmd/abci-cli"
	_ "github.com/cometbft/cometbft/cmd/cometbft"
)
