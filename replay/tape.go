// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/vmrr/vmrr/machine"
)

// Tape is a recording's log in memory. It does not change once it is loaded.
type Tape struct {
	id     ID
	events []Record    // inputs, answers and early-ended waits, in order
	hashes []StateHash // by ascending icount
	end    End
}

// End says where a recording ends.
type End struct {
	At     machine.Moment
	Reason string    // why the run ended; empty if the recording has no end record
	Final  StateHash // the state at At, if it has one
	CutOff error     // why it has none: *ErrTruncated or *ErrDamaged; nil if complete
}

// LoadTape reads a log from a file. A log that was cut off loads without error
// and says so in its end. If a frame is damaged, the tape holds all that is good
// before it, and the error is *ErrDamaged. With any other error, and if the header
// is already bad (*ErrDamaged, *ErrTruncated, *ErrVersion), the tape is nil.
func LoadTape(path string) (*Tape, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the recording's log: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening the recording's log: %w", err)
	}
	if st.Size() > maxLogSize {
		return nil, fmt.Errorf("the recording's log %s has %d bytes: this vmrr reads at most %d", path, st.Size(), maxLogSize)
	}
	r, err := NewReader(f, path)
	if err != nil {
		return nil, err
	}
	return ReadTape(r)
}

// ReadTape reads the rest of a log into memory; the errors are LoadTape's.
func ReadTape(r *Reader) (*Tape, error) {
	t := &Tape{id: r.ID()}
	for {
		rec, err := r.Next()
		if err != nil {
			var cut *ErrTruncated
			var damaged *ErrDamaged
			switch {
			case err == io.EOF:
				return t, nil
			case errors.As(err, &cut):
				t.end.CutOff = err
				return t, nil
			case errors.As(err, &damaged):
				t.end.CutOff = err
				return t, err
			}
			return nil, err
		}
		t.end.At = rec.At
		switch rec.Kind {
		case KindInput, KindAnswer, KindWarp:
			t.events = append(t.events, rec)
		case KindHash:
			t.hashes = append(t.hashes, rec.Hash)
		case KindEnd:
			t.end.Reason, t.end.Final = rec.Reason, rec.Hash
		}
	}
}

// ID returns the id of the recording.
func (t *Tape) ID() ID { return t.id }

// End says where the recording ends.
func (t *Tape) End() End { return t.end }

// Events returns the inputs, answers and early-ended waits in order; the caller
// must not change them.
func (t *Tape) Events() []Record { return t.events }

// Hashes returns the state hashes by ascending icount; the caller must not change them.
func (t *Tape) Hashes() []StateHash { return t.hashes }

// HashAt returns the recorded hash of the canonical state at an icount, if there is one.
func (t *Tape) HashAt(icount uint64) (StateHash, bool) {
	i, ok := slices.BinarySearchFunc(t.hashes, icount, compareHash)
	if !ok {
		return StateHash{}, false
	}
	return t.hashes[i], true
}

// NextHash returns the first recorded hash at an icount above after.
func (t *Tape) NextHash(after uint64) (StateHash, bool) {
	i, ok := slices.BinarySearchFunc(t.hashes, after, compareHash)
	for ok && i < len(t.hashes) && t.hashes[i].ICount == after {
		i++
	}
	if i == len(t.hashes) {
		return StateHash{}, false
	}
	return t.hashes[i], true
}

func compareHash(h StateHash, icount uint64) int {
	switch {
	case h.ICount < icount:
		return -1
	case h.ICount > icount:
		return 1
	}
	return 0
}
