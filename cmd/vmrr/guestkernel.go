// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"io/fs"

	"github.com/vmrr/vmrr/gdbstub"
	"github.com/vmrr/vmrr/session"
	"github.com/vmrr/vmrr/symbols"
)

// guestKernel returns who knows the kernel that a machine was given.
func guestKernel(kernel []byte, m session.Debuggee) *symbols.Guest {
	return symbols.NewGuest(kernel, m, func() uint64 { return lstar(m.Machine().Engine) })
}

// files returns what gdb may read: the symbols of the modules at the present instant.
func files(kernel *symbols.Guest) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if name != gdbstub.ModulesFile {
			return nil, fs.ErrNotExist
		}
		modules, err := kernel.Modules()
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		err = symbols.WriteModules(&b, modules)
		return b.Bytes(), err
	}
}
