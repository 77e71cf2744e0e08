// SPDX-License-Identifier: GPL-2.0-or-later

package cpu

// Register describes one architectural register.
type Register struct {
	Name  string // as in gdb's target description, e.g. "rip"
	Bits  int    // width; values are Bits/8 bytes, little-endian
	Type  string // gdb's type, e.g. "int64", "code_ptr", "vec128"; "" for int
	Group string // gdb's group, "" for general
	ID    int    // the engine's own number
}

// Feature is a named group of registers in a gdb target description.
type Feature struct {
	Name string // e.g. "org.gnu.gdb.i386.core"
	// Types holds the XML of the types that the feature's registers use beyond
	// gdb's built-in ones; "" if none.
	Types     string
	Registers []Register
}

// Description lists an architecture's registers in the order of gdb's numbering.
type Description struct {
	Architecture string // gdb's name, e.g. "i386:x86-64"
	Compatible   string // another one, whose programs gdb may have loaded; "" if none
	Features     []Feature
}

// All returns the registers of all features in order; the index is gdb's number.
func (d *Description) All() []*Register {
	var all []*Register
	for i := range d.Features {
		f := &d.Features[i]
		for j := range f.Registers {
			all = append(all, &f.Registers[j])
		}
	}
	return all
}

// Lookup returns the register with the given name, or nil.
func (d *Description) Lookup(name string) *Register {
	for _, r := range d.All() {
		if r.Name == name {
			return r
		}
	}
	return nil
}
