// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"errors"
	"fmt"

	"github.com/vmrr/vmrr/internal/framed"
	"github.com/vmrr/vmrr/machine"
)

// ErrDamaged says that a file of a store is not what was written.
type ErrDamaged struct {
	File   string
	Offset int64 // where the damage begins in the file, bytes; -1 if it is the whole file
	What   string
}

func (e *ErrDamaged) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("%s is damaged: %s", e.File, e.What)
	}
	return fmt.Sprintf("%s is damaged at byte %d: %s", e.File, e.Offset, e.What)
}

// ErrCutOff says that an index ends in the middle of a record, as a writer leaves it
// that was killed. All that is before that place is good.
type ErrCutOff struct {
	File   string
	Offset int64 // where its whole records end, bytes
}

func (e *ErrCutOff) Error() string {
	return fmt.Sprintf("%s is cut off at byte %d: what was being written there is lost", e.File, e.Offset)
}

// ErrVersion says that a file is of a format that this vmrr does not read.
type ErrVersion struct {
	File      string
	Got, Want uint32
}

func (e *ErrVersion) Error() string {
	return fmt.Sprintf("%s is of format version %d, this vmrr reads version %d", e.File, e.Got, e.Want)
}

// ErrMismatch says that a store is of another recording or machine.
type ErrMismatch struct {
	File      string
	What      string // what was compared
	Want, Got string
}

func (e *ErrMismatch) Error() string {
	return fmt.Sprintf("%s is of another recording: %s: want %s, got %s", e.File, e.What, e.Want, e.Got)
}

// UnreadableError says that pages of a snapshot that is on disk could not be read, for
// whatever reason. Other snapshots may still be good.
type UnreadableError struct {
	At  machine.Moment // of the snapshot
	Err error          // *ErrDamaged, *ErrVersion, ErrChanged, ErrClosed, or the file system's
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("reading the pages of the snapshot of %v: %v", e.At, e.Err)
}

func (e *UnreadableError) Unwrap() error { return e.Err }

// ErrChanged says that another process has removed what a snapshot needs: it compacted
// the store after this one had read the index. A store that is opened anew has what
// there is.
var ErrChanged = errors.New("another process has changed the snapshots")

// ErrReadOnly refuses to change a store that was opened for reading.
var ErrReadOnly = errors.New("the snapshots were opened for reading only")

// ErrClosed refuses the use of a store or keeper that was closed.
var ErrClosed = errors.New("the store of snapshots was closed")

// typed makes an error of package framed one of this package; others stay.
func typed(err error) error {
	var (
		damaged *framed.DamagedError
		cut     *framed.CutOffError
		version *framed.VersionError
	)
	switch {
	case errors.As(err, &damaged):
		return &ErrDamaged{damaged.File, damaged.Offset, damaged.What}
	case errors.As(err, &cut):
		return &ErrDamaged{cut.File, cut.Offset, "it is cut off there"}
	case errors.As(err, &version):
		return &ErrVersion{version.File, version.Got, version.Want}
	}
	return err
}
