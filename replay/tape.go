// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/machine"
)

// Tape is a recording's log, checked and open for reading. It does not change once
// it is loaded: several players, also on different threads, may play it. What it
// keeps in memory is where the events are; the events are read when they are
// needed (events.go). The caller closes it.
type Tape struct {
	f      tapeFile
	name   string
	id     ID
	size   int64     // bytes of whole blocks and the header
	index  []indexed // the blocks that have events
	events uint64
	hashes []StateHash // by ascending icount
	end    End
}

// tapeFile is what a Tape needs of an *os.File.
type tapeFile interface {
	io.ReaderAt
	io.Closer
}

// indexed is a block that has events.
type indexed struct {
	offset  int64
	ordinal uint64         // of its first event
	at      machine.Moment // of that event
}

// End says where a recording ends.
type End struct {
	At     machine.Moment
	Now    uint64    // virtual ns there
	Reason string    // why the run ended; empty if the recording has no end record
	Final  StateHash // the state at At, if it has one
	CutOff error     // why it has none: a CutOffError or DamagedError of badfile; nil if complete
}

// LoadTape reads a log, checks all of it and keeps the file open. A log that was
// cut off loads without error and says so in its end. If a block is damaged, the
// tape holds all that is good before it, and the error is *badfile.DamagedError.
// With any other error, and if the header is already bad (also a CutOffError or
// VersionError of badfile), the tape is nil.
func LoadTape(path string) (*Tape, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the recording's log: %w", err)
	}
	t, err := readTape(f, path)
	if t == nil {
		f.Close()
	}
	return t, err
}

func readTape(f tapeFile, name string) (*Tape, error) {
	r, err := newLogReader(io.NewSectionReader(f, 0, math.MaxInt64), name)
	if err != nil {
		return nil, err
	}
	t := &Tape{f: f, name: name, id: r.frames.ID()}
	for err == nil {
		t.size, t.events = r.frames.Offset(), r.order.events
		var b block
		if b, err = r.next(); err == nil {
			t.add(b)
		}
	}
	var cut *badfile.CutOffError
	var damaged *badfile.DamagedError
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

// add notes what a block has.
func (t *Tape) add(b block) {
	events := false
	for i := range b.records {
		r := &b.records[i]
		switch {
		case r.Kind.event() && !events:
			events = true
			t.index = append(t.index, indexed{b.offset, r.Ordinal, r.At})
		case r.Kind == KindHash:
			t.hashes = append(t.hashes, r.Hash)
		case r.Kind == KindEnd:
			t.end.Reason, t.end.Final = r.Reason, r.Hash
		}
		t.end.At, t.end.Now = r.At, r.Now
	}
}

// Close closes the file. Its players can then play only what they hold.
func (t *Tape) Close() error { return t.f.Close() }

// ID returns the id of the recording.
func (t *Tape) ID() ID { return t.id }

// End says where the recording ends.
func (t *Tape) End() End { return t.end }

// EventCount returns how many events were recorded up to the end: inputs, answers
// and waits that ended early.
func (t *Tape) EventCount() uint64 { return t.events }

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

func compareHash(h StateHash, icount uint64) int { return cmp.Compare(h.ICount, icount) }
