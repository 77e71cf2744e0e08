// SPDX-License-Identifier: GPL-2.0-or-later

package snapshots

import (
	"errors"
	"fmt"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/machine"
)

// UnreadableError says that pages of a snapshot that is on disk could not be read, for
// whatever reason. Other snapshots may still be good.
type UnreadableError struct {
	At  machine.Moment // of the snapshot
	Err error          // one of package badfile, ErrChanged, ErrClosed, or the file system's
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("reading the pages of the snapshot of %v: %v", e.At, e.Err)
}

func (e *UnreadableError) Unwrap() error { return e.Err }

// PlaceOf returns the file that an error of reading pages says is damaged, and of another
// error its text: the many errors that come of one damaged file can be told as one.
func PlaceOf(err error) string {
	if d := (*badfile.DamagedError)(nil); errors.As(err, &d) {
		return d.File
	}
	return err.Error()
}

// ErrChanged says that another process has removed what a snapshot needs: it compacted
// the store after this one had read the index. A store that is opened anew has what
// there is.
var ErrChanged = errors.New("another process has changed the snapshots")

// ErrReadOnly refuses to change a store that was opened for reading.
var ErrReadOnly = errors.New("the snapshots were opened for reading only")

// ErrClosed refuses the use of a store or keeper that was closed.
var ErrClosed = errors.New("the store of snapshots was closed")
