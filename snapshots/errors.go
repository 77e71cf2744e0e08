// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import "fmt"

// ErrDamaged says that a snapshot file is not what was written.
type ErrDamaged struct {
	File string
	What string
}

func (e *ErrDamaged) Error() string {
	return fmt.Sprintf("the snapshot %s is damaged: %s", e.File, e.What)
}

// ErrVersion says that a snapshot file is of a format that this vmrr does not read.
type ErrVersion struct {
	File      string
	Got, Want uint32
}

func (e *ErrVersion) Error() string {
	return fmt.Sprintf("the snapshot %s is of format version %d, this vmrr reads version %d", e.File, e.Got, e.Want)
}

// ErrMismatch says that a snapshot file is of another machine.
type ErrMismatch struct {
	File      string
	What      string // what was compared
	Want, Got string
}

func (e *ErrMismatch) Error() string {
	return fmt.Sprintf("the snapshot %s is of another machine: %s: want %s, got %s", e.File, e.What, e.Want, e.Got)
}
