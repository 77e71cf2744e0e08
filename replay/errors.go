// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/vmrr/vmrr/internal/framed"
	"github.com/vmrr/vmrr/machine"
)

// ErrDiverged says that the machine being replayed did not do what the recorded
// one did: the two are no longer the same run.
type ErrDiverged struct {
	At   machine.Moment // where the replay stands
	What string         // what was compared
	Want string         // what the recording says
	Got  string         // what the replay did
}

func (e *ErrDiverged) Error() string {
	return fmt.Sprintf("the replay diverged from the recording at %v: %s: want %s, got %s", e.At, e.What, e.Want, e.Got)
}

// ErrDamaged says that a file of the recording is not what was written.
type ErrDamaged struct {
	File   string
	Offset int64          // of the first damaged block, bytes; negative if it means nothing
	Last   machine.Moment // of a log: the last record before it, up to which all is good
	What   string
}

func (e *ErrDamaged) Error() string {
	switch {
	case e.Offset < 0:
		return fmt.Sprintf("%s is damaged: %s", e.File, e.What)
	case e.Offset < framed.HeaderSize:
		return fmt.Sprintf("%s is damaged at byte %d: %s; nothing of it can be used", e.File, e.Offset, e.What)
	}
	return fmt.Sprintf("%s is damaged at byte %d: %s; it is good up to %v", e.File, e.Offset, e.What, e.Last)
}

// ErrTruncated says that a log ends without an end record: the recorder was
// killed or could write no more. All up to Last is good.
type ErrTruncated struct {
	File   string
	Offset int64          // bytes of whole blocks
	Last   machine.Moment // of the last record of the last whole block
}

func (e *ErrTruncated) Error() string {
	if e.Offset < framed.HeaderSize {
		return fmt.Sprintf("%s is cut off at byte %d, within its header; nothing of it can be used", e.File, e.Offset)
	}
	return fmt.Sprintf("%s is cut off at byte %d; it is good up to %v", e.File, e.Offset, e.Last)
}

// ErrVersion says that a file is of a format that this vmrr does not read.
type ErrVersion struct {
	File      string
	Got, Want uint32
}

func (e *ErrVersion) Error() string {
	return fmt.Sprintf("%s is of format version %d, this vmrr reads version %d", e.File, e.Got, e.Want)
}

// ErrMachineMismatch says that a file belongs to another machine or recording.
type ErrMachineMismatch struct {
	File      string
	What      string // what was compared
	Want, Got string
}

func (e *ErrMachineMismatch) Error() string {
	return fmt.Sprintf("%s is of another machine: %s: want %s, got %s", e.File, e.What, e.Want, e.Got)
}

// ErrEndOfRecording says that the machine asked for what comes after the last
// moment the recording knows: the regular end of every replay whose machine
// does not end by itself before.
type ErrEndOfRecording struct {
	At     machine.Moment // where the recording ends
	CutOff bool           // it has no end record: the recorder was killed
	Reason string         // why the recorded run ended; empty if cut off
}

func (e *ErrEndOfRecording) Error() string {
	if e.CutOff {
		return fmt.Sprintf("the recording was cut off and is known up to %v", e.At)
	}
	return fmt.Sprintf("the recording ends at %v: %s", e.At, e.Reason)
}

// ErrWrite says that the log could not be written. It is sticky: nothing is
// written after it, and what was written before stays readable.
type ErrWrite struct {
	File string
	Last machine.Moment // the last moment known to be in the file
	Err  error
}

func (e *ErrWrite) Error() string {
	return fmt.Sprintf("writing the recording's log %s stopped: %v; it is good up to %v", e.File, e.Err, e.Last)
}

func (e *ErrWrite) Unwrap() error { return e.Err }

// missingError says in a sentence that something is not there; it is fs.ErrNotExist.
type missingError string

func (e missingError) Error() string { return string(e) }
func (e missingError) Unwrap() error { return fs.ErrNotExist }

// ErrClosed is what a Live answers after Close.
var ErrClosed = errors.New("the machine's inputs are closed")
