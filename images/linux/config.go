// SPDX-License-Identifier: GPL-2.0-or-later

package linux

import (
	"errors"
	"fmt"
)

// Memory is guest RAM by physical address. A write that is not wholly inside it
// must return an error.
type Memory interface {
	WriteAt(p []byte, pa int64) (int, error)
}

// RangeType is what a range of the memory map is, in the values of ACPI's
// address range types (ACPI 6.5, table 15.4), which the e820 table uses.
type RangeType uint32

// The types of range.
const (
	RangeRAM      RangeType = 1
	RangeReserved RangeType = 2
	RangeACPI     RangeType = 3 // ACPI tables; RAM once the kernel has read them
	RangeNVS      RangeType = 4 // ACPI memory that must be kept
)

// Range is a range of physical addresses, in bytes.
type Range struct {
	Start, Size uint64
	Type        RangeType
}

func (r Range) end() uint64 { return r.Start + r.Size }

// Config says what to load and what the machine's memory looks like.
type Config struct {
	Kernel      []byte  // a bzImage, or an x86_64 vmlinux (ELF)
	Initrd      []byte  // empty: none
	CommandLine string  // without a final zero
	E820        []Range // the memory map that the kernel is given; at most 128 ranges
	LowRAM      uint64  // where RAM below 4 GB ends; nothing is loaded at or above it
	RSDP        uint64  // address of the ACPI root pointer; 0: none
	Seed        []byte  // for the kernel's random number generator; empty: none
}

// Where the loader puts what the kernel needs to start. All of it is below 640
// KB, and free for use once the kernel has its own copy.
const (
	GDTAddress       = 0x1000  // three descriptors
	PageTableAddress = 0x2000  // PML4, PDPT and four page directories: 6 pages
	StackTop         = 0x9000  // grows down from here; one page
	ParamsAddress    = 0x10000 // boot_params, one page
	SeedAddress      = 0x11000 // setup_data with the random seed; one page
	CommandAddress   = 0x20000 // the command line, up to 64 KB
	lowEnd           = 0x30000 // end of all that
)

// DoesNotFitError says that something has no place in the guest's RAM.
type DoesNotFitError struct {
	What  string // "the initrd", "the kernel"
	Size  uint64 // bytes it needs
	Where string // which place was wanted, to complete "does not fit "
}

func (e *DoesNotFitError) Error() string {
	return fmt.Sprintf("%s needs %d bytes of memory and does not fit %s; give the machine more memory", e.What, e.Size, e.Where)
}

// CommandLineError says that a command line is longer than the kernel can take.
type CommandLineError struct {
	Length, Max int // bytes
}

func (e *CommandLineError) Error() string {
	return fmt.Sprintf("the kernel command line has %d bytes, but this kernel takes at most %d", e.Length, e.Max)
}

// WriteError says that guest memory refused a write.
type WriteError struct {
	What string
	PA   uint64
	Size int
	Err  error
}

func (e *WriteError) Error() string {
	return fmt.Sprintf("writing %s, %d bytes at physical address %#x: %v", e.What, e.Size, e.PA, e.Err)
}

func (e *WriteError) Unwrap() error { return e.Err }

// write puts p at pa.
func write(mem Memory, what string, p []byte, pa uint64) error {
	n, err := mem.WriteAt(p, int64(pa))
	if err == nil && n != len(p) {
		err = fmt.Errorf("only %d bytes were written", n)
	}
	if err != nil {
		return &WriteError{What: what, PA: pa, Size: len(p), Err: err}
	}
	return nil
}

// checkMap refuses a memory map that cannot be written to boot_params or in
// which the loader's own place is not RAM.
func checkMap(ranges []Range) error {
	if len(ranges) > maxE820 {
		return fmt.Errorf("the memory map has %d ranges, but boot_params holds at most %d", len(ranges), maxE820)
	}
	for i, r := range ranges {
		if r.end() < r.Start {
			return fmt.Errorf("range %d of the memory map, %d bytes at %#x, wraps around", i, r.Size, r.Start)
		}
		for _, o := range ranges[:i] {
			if r.Start < o.end() && o.Start < r.end() {
				return fmt.Errorf("ranges at %#x and %#x of the memory map overlap", o.Start, r.Start)
			}
		}
	}
	if !isRAM(ranges, 0, lowEnd) {
		return errors.New("the memory map has no RAM in its first 192 KB, where the kernel's boot parameters go")
	}
	return nil
}

// isRAM reports that size bytes at start are inside one range of RAM.
func isRAM(ranges []Range, start, size uint64) bool {
	for _, r := range ranges {
		if r.Type == RangeRAM && start >= r.Start && start < r.end() && size <= r.end()-start {
			return true
		}
	}
	return false
}
