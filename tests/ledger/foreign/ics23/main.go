// Command ics23 checks proofs with the published Go library, as it is.
//
// Each line of its input is a case as JSON, all bytes in hexadecimal; each line of its output
// says true or false.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	ics23 "github.com/cosmos/ics23/go"
)

const lineBytesMax = 1 << 20

type question struct {
	Spec  string `json:"spec"`  // "smt" or "tendermint"
	Root  string `json:"root"`  // what the proof must lead to
	Key   string `json:"key"`   //
	Value string `json:"value"` // empty: the key has none
	Proof string `json:"proof"` // a CommitmentProof
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, lineBytesMax)
	for lines.Scan() {
		var given question
		if err := json.Unmarshal(lines.Bytes(), &given); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(verify(given))
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// verify says whether a proof holds. The library indexes out of range on some that do not.
func verify(given question) (holds bool) {
	defer func() {
		if recover() != nil {
			holds = false
		}
	}()
	spec := ics23.SmtSpec
	if given.Spec == "tendermint" {
		spec = ics23.TendermintSpec
	}
	proof := &ics23.CommitmentProof{}
	if proof.Unmarshal(decode(given.Proof)) != nil {
		return false
	}
	if given.Value == "" {
		return ics23.VerifyNonMembership(spec, decode(given.Root), proof, decode(given.Key))
	}
	return ics23.VerifyMembership(spec, decode(given.Root), proof, decode(given.Key), decode(given.Value))
}

func decode(text string) []byte {
	data, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return data
}
