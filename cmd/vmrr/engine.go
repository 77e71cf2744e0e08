// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/unicorn"
	"github.com/vmrr/vmrr/cpu/x86"
)

// openEngine is the pc.NewEngine of every command.
func openEngine(mem cpu.Memory, model *x86.Model, board cpu.Board) (cpu.Engine, error) {
	return unicorn.New(unicorn.Config{RAM: mem.Host, Regions: mem.Regions, Model: model, Board: board})
}
