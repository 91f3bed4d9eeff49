// What CometBFT's own light client says of pairs of light blocks.
//
// Reads one JSON object a line: {"trusted": block, "untrusted": block, "now_ms", "period_s",
// "drift_s"}, a block being {"header", "commit", "validators": [{"public_key", "power"}]}.
// Answers one line each: "ok", or why it refuses. Built within the module that pins the engine:
//
//	cd ledger/cometbft && go build -o FILE ../../tests/ledger/foreign/light/main.go
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/light"
	"github.com/cometbft/cometbft/types"
)

type block struct {
	Header     json.RawMessage `json:"header"`
	Commit     json.RawMessage `json:"commit"`
	Validators []struct {
		PublicKey string `json:"public_key"`
		Power     int64  `json:"power"`
	} `json:"validators"`
}

type question struct {
	Trusted   block `json:"trusted"`
	Untrusted block `json:"untrusted"`
	NowMs     int64 `json:"now_ms"`
	PeriodS   int64 `json:"period_s"`
	DriftS    int64 `json:"drift_s"`
}

func main() {
	answers := bufio.NewWriter(os.Stdout)
	defer answers.Flush()
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		said := "ok"
		if err := answer(lines.Bytes()); err != nil {
			said = strings.ReplaceAll(err.Error(), "\n", " ")
		}
		fmt.Fprintln(answers, said)
	}
	if err := lines.Err(); err != nil {
		panic(err)
	}
}

func answer(line []byte) (err error) {
	// An unusable validator set panics within the engine's own constructor.
	defer func() {
		if found := recover(); found != nil {
			err = fmt.Errorf("%v", found)
		}
	}()
	var asked question
	if err := json.Unmarshal(line, &asked); err != nil {
		return err
	}
	trusted, trustedValidators, err := read(asked.Trusted)
	if err != nil {
		return err
	}
	untrusted, untrustedValidators, err := read(asked.Untrusted)
	if err != nil {
		return err
	}
	return light.Verify(
		trusted, trustedValidators, untrusted, untrustedValidators,
		time.Duration(asked.PeriodS)*time.Second, time.UnixMilli(asked.NowMs),
		time.Duration(asked.DriftS)*time.Second, light.DefaultTrustLevel,
	)
}

func read(from block) (*types.SignedHeader, *types.ValidatorSet, error) {
	signed := new(types.SignedHeader)
	if err := cmtjson.Unmarshal(from.Header, &signed.Header); err != nil {
		return nil, nil, err
	}
	if err := cmtjson.Unmarshal(from.Commit, &signed.Commit); err != nil {
		return nil, nil, err
	}
	var validators []*types.Validator
	for _, item := range from.Validators {
		key, err := hex.DecodeString(item.PublicKey)
		if err != nil {
			return nil, nil, err
		}
		validators = append(validators, types.NewValidator(ed25519.PubKey(key), item.Power))
	}
	return signed, types.NewValidatorSet(validators), nil
}
