// SPDX-License-Identifier: GPL-2.0-or-later

// Package pc is the "pc" board: an ISA-era PC with APICs, a PCI host bridge and
// ACPI, enough hardware for any x86 operating system to boot on a serial console.
// README.md lists its addresses.
package pc

import (
	"fmt"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
)

// Memory map of the board, in bytes.
const (
	MiB = 1 << 20
	GiB = 1 << 30

	// MinRAM holds a Linux kernel while it unpacks itself, MaxRAM is what 40
	// bits of physical address reach with room to spare.
	MinRAM = 16 * MiB
	MaxRAM = 512 * GiB

	lowRAMMax = 3 * GiB   // RAM beyond lies above 4 GiB
	highRAM   = 4 * GiB   // where it lies
	vgaStart  = 0xa0000   // legacy video memory, a hole here
	vgaEnd    = 0xc0000   // end of the hole
	ebda      = 0x9fc00   // end of usable conventional memory
	biosStart = 0xe0000   // ACPI tables, as a BIOS would leave them
	biosEnd   = 0x100000  // end of the BIOS area
	pciFirst  = lowRAMMax // window for PCI memory BARs
	pciLast   = 0xfebfffff
)

// Behaviour counts the changes to the board, its devices and its boot after which
// a guest may run another way than before: a recording made before such a change
// cannot be replayed after it.
const Behaviour = 2

// Config is what a pc is built from.
type Config struct {
	RAM         uint64 // bytes, a multiple of 1 MiB from MinRAM to MaxRAM
	CPU         string // a name that x86.NewModel knows
	Shift       uint   // an instruction takes 2^Shift ns of virtual time
	Kernel      []byte // a bzImage or an ELF vmlinux
	Initrd      []byte // nil: none
	CommandLine string
	NoReboot    bool // a guest reset ends the run
}

// NewEngine opens the CPU of the board.
type NewEngine func(mem cpu.Memory, model *x86.Model, board cpu.Board) (cpu.Engine, error)

// Outputs is where what the guest sends out goes. Each byte comes with its offset
// in the stream since power-on, so that a replay that passes the same instant
// again can be told from new output. Nil functions are allowed.
type Outputs struct {
	Serial func(port int, offset uint64, b byte)
	Debug  func(offset uint64, b byte) // ports 0xe9 and 0x402
}

func (c *Config) check() error {
	if err := CheckRAM(c.RAM); err != nil {
		return fmt.Errorf("a pc with %d bytes of RAM cannot be built: %w", c.RAM, err)
	}
	return nil
}

// CheckRAM says which sizes, in bytes, a pc's RAM may have, if this is none of them.
func CheckRAM(size uint64) error {
	if size < MinRAM || size > MaxRAM || size%MiB != 0 {
		return fmt.Errorf("want a multiple of 1M from %dM to %dG", MinRAM/MiB, MaxRAM/GiB)
	}
	return nil
}

// regions returns where the guest sees its RAM. The video hole has host memory
// behind it that nobody reaches, so that offsets below 3 GiB equal addresses.
func (c *Config) regions() []cpu.Region {
	low := min(c.RAM, lowRAMMax)
	rs := []cpu.Region{
		{PA: 0, Size: vgaStart, Offset: 0},
		{PA: vgaEnd, Size: low - vgaEnd, Offset: vgaEnd},
	}
	if c.RAM > low {
		rs = append(rs, cpu.Region{PA: highRAM, Size: c.RAM - low, Offset: low})
	}
	return rs
}
