// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"io/fs"
	"sync"

	"github.com/vmrr/vmrr/gdbstub"
	"github.com/vmrr/vmrr/session"
	"github.com/vmrr/vmrr/symbols"
)

// kernelTable returns the symbols of a kernel, which it reads once, when somebody wants
// them: it takes a second or two.
type kernelTable func() (*symbols.Table, error)

func newKernelTable(kernel []byte) kernelTable {
	return sync.OnceValues(func() (*symbols.Table, error) { return symbols.Parse(kernel) })
}

// guestKernel returns who knows the kernel that a machine was given.
func guestKernel(table kernelTable, m session.Debuggee) *symbols.Guest {
	return symbols.NewGuest(table, m, func() uint64 { return lstar(m.Machine().Engine) })
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
