// SPDX-License-Identifier: GPL-2.0-or-later

package session

import (
	"io/fs"

	"github.com/vmrr/vmrr/gdbstub"
)

var _ gdbstub.FileKeeper = (*target)(nil)

// OpenFile implements gdbstub.FileKeeper.
func (t *target) OpenFile(name string) ([]byte, error) {
	if t.debugger.files == nil {
		return nil, fs.ErrNotExist
	}
	return t.debugger.files(name)
}
