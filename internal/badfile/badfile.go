// SPDX-License-Identifier: GPL-2.0-or-later

// Package badfile has the errors of a recording's files, its snapshots' included, that
// cannot be used: one type for each thing that can be wrong.
package badfile

import (
	"errors"
	"fmt"
)

// DamagedError says that a file is not what was written, or is missing.
type DamagedError struct {
	File   string
	Offset int64 // where the damage begins in the file, bytes; -1: it is the whole file
	What   string
}

func (e *DamagedError) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("%s is damaged: %s", e.File, e.What)
	}
	return fmt.Sprintf("%s is damaged at byte %d: %s", e.File, e.Offset, e.What)
}

// CutOffError says that a file that grows ends too early, as a writer leaves it that
// was killed. All before Offset is good.
type CutOffError struct {
	File   string
	Offset int64 // where what is whole ends, bytes
}

func (e *CutOffError) Error() string {
	return fmt.Sprintf("%s is cut off at byte %d", e.File, e.Offset)
}

// UnlessCutOff returns what is wrong with a file that grows, but for a cut tail: that is
// no damage.
func UnlessCutOff(err error) error {
	if cut := (*CutOffError)(nil); errors.As(err, &cut) {
		return nil
	}
	return err
}

// VersionError says that a file is of a format that this vmrr does not read.
type VersionError struct {
	File      string
	Got, Want uint32
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s is of format version %d, this vmrr reads version %d", e.File, e.Got, e.Want)
}

// MismatchError says that a file is good, but of another machine.
type MismatchError struct {
	File      string
	What      string // what was compared
	Want, Got string
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("%s is of another machine: %s: want %s, got %s", e.File, e.What, e.Want, e.Got)
}

// OtherRecordingError says that a file is good, but of another recording: of the same
// machine, perhaps.
type OtherRecordingError struct {
	File      string
	Want, Got string // the recordings' ids
}

func (e *OtherRecordingError) Error() string {
	return fmt.Sprintf("%s is of another recording: recording id: want %s, got %s", e.File, e.Want, e.Got)
}
