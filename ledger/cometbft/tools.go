//go:build tools

// Package tools pins the engine that `make setup` builds.
package tools

import (
	_ "github.com/cometbft/cometbft/cmd/cometbft"
)
