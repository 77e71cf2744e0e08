// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/unicorn"
	"github.com/vmrr/vmrr/cpu/x86"
	"github.com/vmrr/vmrr/recordings"
)

// lstar returns the register that holds the address of the entry of system calls.
func lstar(e cpu.Engine) uint64 {
	if e, ok := e.(*unicorn.Engine); ok {
		return e.State().LSTAR
	}
	return 0
}

// emulator is what recordings are made and replayed with.
func emulator() recordings.Emulator {
	return recordings.Emulator{Version: Version, Engine: unicorn.Behaviour(), NewEngine: openEngine}
}

// openEngine is the pc.NewEngine of every command.
func openEngine(mem cpu.Memory, model *x86.Model, board cpu.Board) (cpu.Engine, error) {
	return unicorn.New(unicorn.Config{RAM: mem.Host, Regions: mem.Regions, Model: model, Board: board})
}
