// SPDX-License-Identifier: GPL-2.0-or-later

package x86

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vmrr/vmrr/cpu"
)

// NarrowDescription returns the registers as 16-bit and 32-bit code has them (bits), in
// real mode and in protected mode; nil for other widths. Their IDs are those of
// Description. EIP keeps all its bits, and so a breakpoint in 64-bit code is recognised
// by a gdb that takes the processor for a narrow one: it compares before it can know
// better. For the same reason the registers that any mode has do not get narrower.
// code_bits is as wide as the code is that the description is for, which tells one
// description from another.
func NarrowDescription(bits int) *cpu.Description {
	architecture := map[int]string{16: "i8086", 32: "i386"}[bits]
	if architecture == "" {
		return nil
	}
	d := Description()
	d.Architecture, d.Compatible = architecture, d.Architecture
	core, sse, bases, system := &d.Features[0], &d.Features[1], d.Features[2], &d.Features[3]
	core.Registers = slices.DeleteFunc(core.Registers, func(r cpu.Register) bool { return r.ID >= R8 && r.ID <= R15 })
	for i := range core.Registers {
		r := &core.Registers[i]
		switch {
		case r.ID == RIP:
			r.Name, r.Type = "eip", "uint64"
		case r.ID <= RSP:
			r.Name, r.Bits = "e"+strings.TrimPrefix(r.Name, "r"), 32
			if r.Type == "int64" {
				r.Type = "int32"
			}
		}
	}
	sse.Registers = slices.DeleteFunc(sse.Registers, func(r cpu.Register) bool { return r.ID >= XMM0+8 && r.ID < XMM0+16 })
	// gdb has a feature for these in 64-bit code only.
	system.Registers = append(bases.Registers, system.Registers...)
	last := &system.Registers[len(system.Registers)-1]
	last.Bits, last.Type = bits, fmt.Sprintf("int%d", bits)
	d.Features = []cpu.Feature{*core, *sse, *system}
	return d
}
