// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/vmrr/vmrr/frontend/terminal"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/recordings"
	"github.com/vmrr/vmrr/replay"
)

// dump is `vmrr dump`.
func dump(ctx context.Context, stdout io.Writer, args []string) (err error) {
	f := newFlags(stdout, "dump", "[DIR] [--json]", "Prints the log of a recording, the latest if no DIR is given, one record a line:\n"+
		"instruction count, virtual time in ns, kind, size in bytes, what it is. docs/recordings.md tells the JSON fields.")
	asJSON := f.Bool("json", false, "one JSON object a line")
	rest, err := parse(f, args, 1)
	if err != nil {
		return err
	}
	dir, err := recordings.OpenDir(first(rest))
	if err != nil {
		return err
	}
	tape, damage := dir.LoadTape()
	if tape == nil {
		return damage
	}
	defer tape.Close()
	out := bufio.NewWriter(stdout)
	print := dumpText
	if *asJSON {
		print = dumpJSON
	}
	for r, err := range tape.Records() {
		if err != nil {
			return errors.Join(err, out.Flush())
		}
		if ctx.Err() != nil {
			return errors.Join(errInterrupted, out.Flush())
		}
		if err := print(out, &r); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if damage == nil && tape.End().CutOff != nil {
		terminal.Say("%v", tape.End().CutOff)
	}
	return damage
}

func dumpText(out io.Writer, r *replay.Record) error {
	_, err := fmt.Fprintf(out, "%-20s %16d %-8v %6d  %s\n", position(r), r.Now, r.Kind, r.Size(), r.Summary())
	return err
}

// position is a record's moment without the word icount.
func position(r *replay.Record) string {
	if r.At.Sub == 0 {
		return fmt.Sprint(r.At.ICount)
	}
	return fmt.Sprintf("%d+%d", r.At.ICount, r.At.Sub)
}

// dumped is a record as JSON.
type dumped struct {
	ICount  uint64 `json:"icount"`
	Sub     uint32 `json:"sub"`
	NS      uint64 `json:"ns"` // virtual
	Kind    string `json:"kind"`
	Size    int    `json:"size"` // bytes
	Summary string `json:"summary"`
	Input   *struct {
		Kind string `json:"kind"`
		Unit uint8  `json:"unit"`
		Data []byte `json:"data,omitempty"` // base64
	} `json:"input,omitempty"`
	Query    string   `json:"query,omitempty"`      // what was asked, as the summary says it
	Answer   string   `json:"answer,omitempty"`     // 64 bits in hexadecimal: a JSON number is often read as a float64
	Clock    *int64   `json:"wall_clock,omitempty"` // the answer to that query: s since 1970
	Until    *uint64  `json:"until,omitempty"`      // virtual ns
	Hash     string   `json:"hash,omitempty"`       // of the whole state, in hexadecimal as the parts
	Parts    []string `json:"parts,omitempty"`      // hashes of the parts of the state
	Console  *uint64  `json:"console_bytes,omitempty"`
	Snapshot string   `json:"snapshot,omitempty"`
	Reason   string   `json:"reason,omitempty"`
}

func dumpJSON(out io.Writer, r *replay.Record) error {
	d := dumped{ICount: r.At.ICount, Sub: r.At.Sub, NS: r.Now, Kind: r.Kind.String(), Size: r.Size(), Summary: r.Summary(),
		Snapshot: r.Snapshot, Reason: r.Reason}
	switch r.Kind {
	case replay.KindInput:
		d.Input = &struct {
			Kind string `json:"kind"`
			Unit uint8  `json:"unit"`
			Data []byte `json:"data,omitempty"`
		}{r.Input.Kind.String(), r.Input.Unit, r.Input.Data}
	case replay.KindAnswer:
		d.Answer = fmt.Sprintf("0x%016x", uint64(r.Answer))
		d.Query = fmt.Sprintf("query %d", r.Query)
		switch r.Query {
		case machine.QueryWallClock:
			d.Query, d.Clock = "wall clock", &r.Answer
		case machine.QueryEntropy:
			d.Query = "entropy"
		}
	case replay.KindWarp:
		d.Until = &r.Until
	case replay.KindHash, replay.KindEnd:
		d.Hash, d.Console = fmt.Sprintf("%016x", r.Hash.Sum()), &r.Hash.ConsoleBytes
		for _, p := range r.Hash.Parts {
			d.Parts = append(d.Parts, fmt.Sprintf("%016x", p))
		}
	}
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	_, err = out.Write(append(b, '\n'))
	return err
}
