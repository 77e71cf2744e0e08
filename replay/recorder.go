// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"fmt"

	"github.com/vmrr/vmrr/machine"
)

// Recorder is a door that writes down what passes through another door. Its
// methods are called on the machine's thread. If the log cannot be written, the
// next call returns *ErrWrite, so that the run stops where its past still holds.
type Recorder struct {
	// Clock returns the machine's virtual time in ns. Whoever builds the machine
	// sets it, before the machine is switched on.
	Clock func() uint64

	in     machine.Inputs
	log    *Writer
	events uint64
}

// NewRecorder returns a door that answers as in does and logs the answers.
// Closing the log is the caller's.
func NewRecorder(in machine.Inputs, log *Writer) *Recorder { return &Recorder{in: in, log: log} }

// Consumed returns the number of events logged so far: where a Player of this
// recording stands at the same moment.
func (r *Recorder) Consumed() uint64 { return r.events }

// append logs a record of the present instant.
func (r *Recorder) append(rec Record) error {
	rec.Now, rec.Ordinal = r.Clock(), r.events
	if rec.Kind.event() {
		r.events++
	}
	return r.log.Append(&rec)
}

// Ask logs the answer.
func (r *Recorder) Ask(at machine.Moment, q machine.Query) (int64, error) {
	v, err := r.in.Ask(at, q)
	if err != nil {
		return 0, err
	}
	return v, r.append(Record{Kind: KindAnswer, At: at, Query: q, Answer: v})
}

// Take logs the input. That there was none is also noted: a recording that is cut
// off is good up to there.
func (r *Recorder) Take(at machine.Moment) (machine.Input, bool, error) {
	in, ok, err := r.in.Take(at)
	if err != nil {
		return machine.Input{}, false, err
	}
	if !ok {
		return machine.Input{}, false, r.log.Reached(at, r.Clock())
	}
	if err := r.append(Record{Kind: KindInput, At: at, Input: in}); err != nil {
		return machine.Input{}, false, err
	}
	return in, true, nil
}

// Inject logs an input that the caller delivers itself: it is the log of
// machine.Machine.Inject. One that is too large for a recording is refused.
func (r *Recorder) Inject(at machine.Moment, in machine.Input) error {
	if err := checkInput(&in); err != nil {
		return err
	}
	return r.append(Record{Kind: KindInput, At: at, Input: in})
}

// Horizon is the other door's.
func (r *Recorder) Horizon(at machine.Moment) uint64 { return r.in.Horizon(at) }

// Idle logs the jump unless it goes all the way to the deadline.
func (r *Recorder) Idle(at machine.Moment, now, deadline uint64) (uint64, error) {
	until, err := r.in.Idle(at, now, deadline)
	if err != nil {
		return now, err
	}
	if until != deadline {
		err = r.append(Record{Kind: KindWarp, At: at, Until: until})
	}
	return until, err
}

// Hash logs the hash of the canonical state at h.ICount, which the machine is in,
// and writes the log out.
func (r *Recorder) Hash(h StateHash) error {
	return r.append(Record{Kind: KindHash, At: machine.Moment{ICount: h.ICount}, Hash: h})
}

// Snapshot notes that a snapshot with that name was taken of the machine as it is,
// and writes the log out.
func (r *Recorder) Snapshot(at machine.Moment, name string) error {
	if err := CheckName(name); err != nil {
		return fmt.Errorf("noting a snapshot in the recording: %w", err)
	}
	return r.append(Record{Kind: KindSnapshot, At: at, Snapshot: name})
}

// End logs that the run ended at a moment in the state final, and why (at most
// 1 KiB), and syncs the log. Nothing can be logged after it.
func (r *Recorder) End(at machine.Moment, reason string, final StateHash) error {
	final.ICount = at.ICount
	return r.append(Record{Kind: KindEnd, At: at, Hash: final, Reason: reason})
}

// Interrupt is the other door's, if it has one.
func (r *Recorder) Interrupt() {
	if w, ok := r.in.(machine.Waker); ok {
		w.Interrupt()
	}
}
