// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"fmt"

	"github.com/vmrr/vmrr/machine"
)

// Kind tells what a record of the log is. The values are written to logs.
type Kind uint8

// The kinds of record. The first three are events: what a Player gives back.
const (
	KindInput    Kind = 1 // an input was delivered
	KindAnswer   Kind = 2 // a query was answered
	KindWarp     Kind = 3 // an idle wait ended before its deadline
	KindHash     Kind = 4 // what the canonical state at an icount was
	KindMark     Kind = 5 // nothing else happened before this moment
	KindEnd      Kind = 6 // the run ended here
	KindSnapshot Kind = 7 // a named snapshot was taken here
)

func (k Kind) String() string {
	names := [...]string{"", "input", "answer", "warp", "hash", "mark", "end", "snapshot"}
	if k > 0 && int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("record kind %d", uint8(k))
}

// event reports whether records of the kind are counted and played back.
func (k Kind) event() bool { return k == KindInput || k == KindAnswer || k == KindWarp }

// StateHash says what the machine's state was at an instant of the recording.
type StateHash struct {
	ICount       uint64   // instructions retired
	Parts        []uint64 // of each part of the state, in the order of machine.Machine.Parts; at most 256
	ConsoleBytes uint64   // bytes the guest has sent to its console since power-on
	ConsoleHash  uint64   // of those bytes
}

// Record is one entry of the log. Kind says which of the fields after Ordinal count.
type Record struct {
	Kind     Kind
	At       machine.Moment
	Now      uint64        // virtual ns of the machine at that moment
	Ordinal  uint64        // how many events came before
	Input    machine.Input // KindInput
	Query    machine.Query // KindAnswer
	Answer   int64         // KindAnswer
	Until    uint64        // KindWarp: virtual ns
	Hash     StateHash     // KindHash and KindEnd (there: the state at At)
	Reason   string        // KindEnd
	Snapshot string        // KindSnapshot: its name
}

// order is what a log's records must keep to. Writer and reader share it.
type order struct {
	last   machine.Moment // of the last record
	now    uint64         // of the last record
	events uint64         // so far, those that were lost included
	ended  bool
}

// add checks that a record may follow.
func (o *order) add(r *Record) error {
	switch {
	case o.ended:
		return fmt.Errorf("a record (%v) for %v comes after the end", r.Kind, r.At)
	case r.At.Before(o.last):
		return fmt.Errorf("a record (%v) for %v comes after one for %v", r.Kind, r.At, o.last)
	case r.Now < o.now:
		return fmt.Errorf("a record (%v) at %d ns comes after one at %d ns", r.Kind, r.Now, o.now)
	case r.Ordinal < o.events:
		return fmt.Errorf("a record (%v) behind %d events comes after one behind %d", r.Kind, r.Ordinal, o.events)
	}
	o.last, o.now, o.events = r.At, r.Now, r.Ordinal
	if r.Kind.event() {
		o.events++
	}
	o.ended = r.Kind == KindEnd
	return nil
}
