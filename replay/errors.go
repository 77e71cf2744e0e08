// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"errors"
	"fmt"
	"io/fs"

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
