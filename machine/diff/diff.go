// SPDX-License-Identifier: GPL-2.0-or-later

// Package diff tells in what two states of a machine differ: in which registers,
// fields of devices and bytes of RAM.
package diff

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/vmrr/vmrr/machine"
)

// State is the whole state of a machine.
type State struct {
	machine.State
	// RAM is its memory, at the offsets of the machine's host mapping.
	RAM io.ReaderAt
}

// Of returns the state of a machine as it is. RAM is the machine's own: it is good
// only until the machine goes on.
func Of(m *machine.Machine) State { return State{m.Save(), hostRAM(m.RAM.Host)} }

// hostRAM is RAM in host memory.
type hostRAM []byte

// ReadAt implements io.ReaderAt.
func (r hostRAM) ReadAt(p []byte, offset int64) (int, error) {
	if n := copy(p, r[min(offset, int64(len(r))):]); n < len(p) {
		return n, io.EOF
	}
	return len(p), nil
}

// Difference is one place in which two states differ.
type Difference struct {
	Part string // as machine.Machine.Parts names it
	// Place is the register or the device's field; of RAM, whose Part says all,
	// the physical address of the first byte.
	Place     string
	Address   uint64 // of RAM: the same as a number
	Want, Got string // the values; of RAM the bytes, in hexadecimal
}

func (d Difference) String() string {
	return fmt.Sprintf("%s %s: want %s, got %s", d.Part, d.Place, d.Want, d.Got)
}

// MaxOfPart bounds how many differences of one part are listed.
const MaxOfPart = 16

// Part lists the differences in one part of the state: at least one.
type Part struct {
	Name        string
	Differences []Difference
	More        int // differences beyond those listed
}

func (p *Part) full() bool { return len(p.Differences) == MaxOfPart }

func (p *Part) add(d Difference) {
	if p.full() {
		p.More++
		return
	}
	d.Part = p.Name
	p.Differences = append(p.Differences, d)
}

// List is the parts that differ, in the order of machine.Machine.Parts.
type List []*Part

// Names returns the names of the parts.
func (l List) Names() []string {
	var names []string
	for _, p := range l {
		names = append(names, p.Name)
	}
	return names
}

// String lists the differences, one a line.
func (l List) String() string {
	var b strings.Builder
	for _, p := range l {
		for _, d := range p.Differences {
			fmt.Fprintln(&b, d)
		}
		if p.More > 0 {
			fmt.Fprintf(&b, "%s: %d more differences\n", p.Name, p.More)
		}
	}
	return b.String()
}

// Compare lists in what two states of a machine differ; the list is empty if they
// are equal. What the parts and their fields are is m's to say. An error is one of
// reading RAM.
func Compare(m *machine.Machine, want, got State) (List, error) {
	clock, cpu, ram := &Part{Name: "clock"}, &Part{Name: "CPU"}, &Part{Name: "RAM"}
	clock.values("moment", want.At, got.At)
	clock.values("warp, ns", want.Warp, got.Warp)
	clock.values("end", want.End, got.End)
	cpu.blobs(m.Engine.NewState, want.CPU, got.CPU)
	if err := ram.memory(m.RAM, want.RAM, got.RAM); err != nil {
		return nil, err
	}
	list := List{clock, cpu, ram}
	devs := m.Board.Devices()
	if a, b := len(want.Devices), len(got.Devices); a != len(devs) || b != len(devs) {
		return nil, fmt.Errorf("comparing states with %d and %d devices: the machine has %d", a, b, len(devs))
	}
	for i, d := range devs {
		p := &Part{Name: d.Name()}
		p.blobs(d.NewState, want.Devices[i].Data, got.Devices[i].Data)
		list = append(list, p)
	}
	return slices.DeleteFunc(list, func(p *Part) bool { return len(p.Differences) == 0 }), nil
}

// values compares two plain values.
func (p *Part) values(place string, want, got any) {
	if want != got {
		p.add(Difference{Place: place, Want: fmt.Sprint(want), Got: fmt.Sprint(got)})
	}
}
