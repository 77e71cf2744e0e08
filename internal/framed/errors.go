// SPDX-License-Identifier: GPL-2.0-or-later

package framed

import "fmt"

// DamagedError says that a file is not what was written. All before Offset is good.
type DamagedError struct {
	File   string
	Offset int64 // of the first damaged frame, bytes
	What   string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is damaged at byte %d: %s", e.File, e.Offset, e.What)
}

// CutOffError says that a file ends in the middle of a frame. All before Offset
// is good.
type CutOffError struct {
	File   string
	Offset int64 // bytes of whole frames
}

func (e *CutOffError) Error() string {
	return fmt.Sprintf("%s is cut off at byte %d", e.File, e.Offset)
}

// VersionError says that a file is of a format that this vmrr does not read.
type VersionError struct {
	File      string
	Got, Want uint32
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s is of format version %d, this vmrr reads version %d", e.File, e.Got, e.Want)
}
